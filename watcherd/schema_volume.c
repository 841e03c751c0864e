/* Types within volumes; see schema.h. */
#include "watcherd/schema_rows.h"

/* clang-format off */

static const struct field fields_aws_ebs[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("partition", JSON_INT32, RANGE(0, 255)),
	FIELD("readOnly", JSON_BOOL),
	FIELD("volumeID", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(aws_ebs, "AWSElasticBlockStoreVolumeSource")

static const struct field fields_azure_disk[] = {
	FIELD("cachingMode", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    ONE_OF("None ReadOnly ReadWrite"),
	    DEFAULT("ReadWrite")),
	FIELD("diskName", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("diskURI", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("fsType", JSON_STRING, FLAGS(FIELD_OPTIONAL), DEFAULT("ext4")),
	FIELD("kind", JSON_STRING, FLAGS(FIELD_OPTIONAL), DEFAULT("Shared"),
	    ONE_OF("Shared Dedicated Managed")),
	FIELD("readOnly", JSON_BOOL, FLAGS(FIELD_OPTIONAL), DEFAULT("false")),
};
STATIC_TYPE(azure_disk, "AzureDiskVolumeSource")

static const struct field fields_azure_file[] = {
	FIELD("readOnly", JSON_BOOL),
	FIELD("secretName", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("shareName", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(azure_file, "AzureFileVolumeSource")

static const struct field fields_cephfs[] = {
	FIELD("monitors", LIST(JSON_STRING), FLAGS(FIELD_REQUIRED)),
	FIELD("path", JSON_STRING),
	FIELD("readOnly", JSON_BOOL),
	FIELD("secretFile", JSON_STRING),
	FIELD("secretRef", OBJECT(local_object_reference)),
	FIELD("user", JSON_STRING),
};
STATIC_TYPE(cephfs, "CephFSVolumeSource")

static const struct field fields_cinder[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("readOnly", JSON_BOOL),
	FIELD("secretRef", OBJECT(local_object_reference)),
	FIELD("volumeID", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(cinder, "CinderVolumeSource")

static const struct field fields_key_to_path[] = {
	FIELD("key", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("mode", JSON_INT32, FLAGS(FIELD_OPTIONAL),
	    DEFAULT_WORDS("defaultMode of the volume")),
	FIELD("path", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(key_to_path, "KeyToPath")

static const struct field fields_config_map[] = {
	FIELD("defaultMode", JSON_INT32, FLAGS(FIELD_OPTIONAL), DEFAULT("420")),
	FIELD("items", OBJECTS(key_to_path)),
	FIELD("name", JSON_STRING),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(config_map, "ConfigMapVolumeSource")

static const struct field fields_csi[] = {
	FIELD("driver", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("fsType", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("nodePublishSecretRef", OBJECT(local_object_reference)),
	FIELD("readOnly", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
	FIELD("volumeAttributes", MAP(JSON_STRING)),
};
STATIC_TYPE(csi, "CSIVolumeSource")

static const struct field fields_downward_api_file[] = {
	FIELD("fieldRef", OBJECT(object_field_selector), ACTED),
	FIELD("mode", JSON_INT32, ACTED, FLAGS(FIELD_OPTIONAL),
	    RANGE(0, 0777), DEFAULT_WORDS("defaultMode of the volume")),
	FIELD("path", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED), IS(KEY_PATH)),
	FIELD("resourceFieldRef", OBJECT(resource_field_selector), ACTED),
};
TYPE(downward_api_file, "DownwardAPIVolumeFile")

static const struct field fields_downward_api[] = {
	FIELD("defaultMode", JSON_INT32, ACTED, FLAGS(FIELD_OPTIONAL),
	    RANGE(0, 0777), DEFAULT("420")),
	FIELD("items", OBJECTS(downward_api_file), ACTED),
};
STATIC_TYPE(downward_api, "DownwardAPIVolumeSource")

static const struct field fields_empty_dir[] = {
	FIELD("medium", JSON_STRING, ACTED,
	    BUT("anything else than Memory is refused")),
	FIELD("sizeLimit", JSON_QUANTITY, FLAGS(FIELD_OPTIONAL), ACTED,
	    BUT("only in memory, not on disk")),
};
TYPE(empty_dir, "EmptyDirVolumeSource")

static const struct field fields_typed_local_object_reference[] = {
	FIELD("apiGroup", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("kind", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(typed_local_object_reference, "TypedLocalObjectReference")

static const struct field fields_typed_object_reference[] = {
	FIELD("apiGroup", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("kind", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("namespace", JSON_STRING, FLAGS(FIELD_OPTIONAL), SINCE("1.26")),
};
STATIC_TYPE(typed_object_reference, "TypedObjectReference")

static const struct field fields_volume_resource_requirements[] = {
	FIELD("limits", MAP(JSON_QUANTITY)),
	FIELD("requests", MAP(JSON_QUANTITY)),
};
STATIC_TYPE(volume_resource_requirements, "VolumeResourceRequirements")

static const struct field fields_persistent_volume_claim_spec[] = {
	FIELD("accessModes", LIST(JSON_STRING)),
	FIELD("dataSource", OBJECT(typed_local_object_reference)),
	FIELD("dataSourceRef", OBJECT(typed_object_reference), SINCE("1.22")),
	FIELD("resources", OBJECT(volume_resource_requirements),
	    FLAGS(FIELD_ALWAYS)),
	FIELD("selector", OBJECT(label_selector)),
	FIELD("storageClassName", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("volumeAttributesClassName", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    SINCE("1.29")),
	FIELD("volumeMode", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("volumeName", JSON_STRING),
};
STATIC_TYPE(persistent_volume_claim_spec, "PersistentVolumeClaimSpec")

static const struct field fields_persistent_volume_claim_template[] = {
	FIELD("metadata", OBJECT(object_meta), FLAGS(FIELD_ALWAYS)),
	FIELD("spec", OBJECT(persistent_volume_claim_spec),
	    FLAGS(FIELD_REQUIRED | FIELD_ALWAYS)),
};
STATIC_TYPE(persistent_volume_claim_template, "PersistentVolumeClaimTemplate")

static const struct field fields_ephemeral[] = {
	FIELD("volumeClaimTemplate", OBJECT(persistent_volume_claim_template)),
};
STATIC_TYPE(ephemeral, "EphemeralVolumeSource")

static const struct field fields_fc[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("lun", JSON_INT32, FLAGS(FIELD_OPTIONAL)),
	FIELD("readOnly", JSON_BOOL),
	FIELD("targetWWNs", LIST(JSON_STRING)),
	FIELD("wwids", LIST(JSON_STRING)),
};
TYPE(fc, "FCVolumeSource")

static const struct field fields_flex[] = {
	FIELD("driver", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("fsType", JSON_STRING),
	FIELD("options", MAP(JSON_STRING)),
	FIELD("readOnly", JSON_BOOL),
	FIELD("secretRef", OBJECT(local_object_reference)),
};
TYPE(flex, "FlexVolumeSource")

static const struct field fields_flocker[] = {
	FIELD("datasetName", JSON_STRING),
	FIELD("datasetUUID", JSON_STRING),
};
TYPE(flocker, "FlockerVolumeSource")

static const struct field fields_gce_pd[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("partition", JSON_INT32, RANGE(0, 255)),
	FIELD("pdName", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("readOnly", JSON_BOOL),
};
STATIC_TYPE(gce_pd, "GCEPersistentDiskVolumeSource")

static const struct field fields_git_repo[] = {
	FIELD("directory", JSON_STRING, IS(RELATIVE)),
	FIELD("repository", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("revision", JSON_STRING),
};
STATIC_TYPE(git_repo, "GitRepoVolumeSource")

static const struct field fields_glusterfs[] = {
	FIELD("endpoints", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("path", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("readOnly", JSON_BOOL),
};
STATIC_TYPE(glusterfs, "GlusterfsVolumeSource")

static const struct field fields_host_path[] = {
	FIELD("path", JSON_STRING, FLAGS(FIELD_REQUIRED), ACTED, IS(NO_DOTS)),
	FIELD("type", JSON_STRING, FLAGS(FIELD_OPTIONAL), ACTED, DEFAULT(""),
	    ONE_OF("DirectoryOrCreate Directory FileOrCreate File "
			"Socket CharDevice BlockDevice")),
};
TYPE(host_path, "HostPathVolumeSource")

static const struct field fields_image[] = {
	FIELD("pullPolicy", JSON_STRING, ONE_OF("Always IfNotPresent Never"),
	    DEFAULT_WORDS("Always for :latest or no tag, else IfNotPresent")),
	FIELD("reference", JSON_STRING),
};
STATIC_TYPE(image, "ImageVolumeSource")

static const struct field fields_iscsi[] = {
	FIELD("chapAuthDiscovery", JSON_BOOL),
	FIELD("chapAuthSession", JSON_BOOL),
	FIELD("fsType", JSON_STRING),
	FIELD("initiatorName", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("iqn", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("iscsiInterface", JSON_STRING, DEFAULT("default")),
	FIELD("lun", JSON_INT32, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK),
	    RANGE(0, 255)),
	FIELD("portals", LIST(JSON_STRING)),
	FIELD("readOnly", JSON_BOOL),
	FIELD("secretRef", OBJECT(local_object_reference)),
	FIELD("targetPortal", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
TYPE(iscsi, "ISCSIVolumeSource")

static const struct field fields_nfs[] = {
	FIELD("path", JSON_STRING, FLAGS(FIELD_REQUIRED), IS(ABSOLUTE)),
	FIELD("readOnly", JSON_BOOL),
	FIELD("server", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(nfs, "NFSVolumeSource")

static const struct field fields_persistent_volume_claim[] = {
	FIELD("claimName", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("readOnly", JSON_BOOL),
};
STATIC_TYPE(persistent_volume_claim, "PersistentVolumeClaimVolumeSource")

static const struct field fields_photon_persistent_disk[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("pdID", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(photon_persistent_disk, "PhotonPersistentDiskVolumeSource")

static const struct field fields_portworx[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("readOnly", JSON_BOOL),
	FIELD("volumeID", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(portworx, "PortworxVolumeSource")

static const struct field fields_cluster_trust_bundle_projection[] = {
	FIELD("labelSelector", OBJECT(label_selector)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
	FIELD("path", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("signerName", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(cluster_trust_bundle_projection, "ClusterTrustBundleProjection")

static const struct field fields_config_map_projection[] = {
	FIELD("items", OBJECTS(key_to_path)),
	FIELD("name", JSON_STRING),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(config_map_projection, "ConfigMapProjection")

static const struct field fields_downward_api_projection[] = {
	FIELD("items", OBJECTS(downward_api_file)),
};
STATIC_TYPE(downward_api_projection, "DownwardAPIProjection")

static const struct field fields_pod_certificate_projection[] = {
	FIELD("certificateChainPath", JSON_STRING),
	FIELD("credentialBundlePath", JSON_STRING),
	FIELD("keyPath", JSON_STRING),
	FIELD("keyType", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("maxExpirationSeconds", JSON_INT32, FLAGS(FIELD_OPTIONAL)),
	FIELD("signerName", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("userAnnotations", MAP(JSON_STRING), SINCE("1.35")),
};
STATIC_TYPE(pod_certificate_projection, "PodCertificateProjection")

static const struct field fields_secret_projection[] = {
	FIELD("items", OBJECTS(key_to_path)),
	FIELD("name", JSON_STRING),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(secret_projection, "SecretProjection")

static const struct field fields_service_account_token_projection[] = {
	FIELD("audience", JSON_STRING),
	FIELD("expirationSeconds", JSON_INT64, FLAGS(FIELD_OPTIONAL),
	    DEFAULT("3600")),
	FIELD("path", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(service_account_token_projection, "ServiceAccountTokenProjection")

static const struct field fields_volume_projection[] = {
	FIELD("clusterTrustBundle", OBJECT(cluster_trust_bundle_projection),
	    REFERS("cluster trust bundles"), SINCE("1.29")),
	FIELD("configMap", OBJECT(config_map_projection),
	    REFERS("config maps")),
	FIELD("downwardAPI", OBJECT(downward_api_projection), ACTED),
	FIELD("podCertificate", OBJECT(pod_certificate_projection),
	    REFERS("pod certificates"), SINCE("1.34")),
	FIELD("secret", OBJECT(secret_projection), REFERS("secrets")),
	FIELD("serviceAccountToken", OBJECT(service_account_token_projection),
	    REFERS("service account tokens")),
};
TYPE(volume_projection, "VolumeProjection")

static const struct field fields_projected[] = {
	FIELD("defaultMode", JSON_INT32, ACTED, FLAGS(FIELD_OPTIONAL),
	    RANGE(0, 0777), DEFAULT("420")),
	FIELD("sources", OBJECTS(volume_projection), ACTED),
};
TYPE(projected, "ProjectedVolumeSource")

static const struct field fields_quobyte[] = {
	FIELD("group", JSON_STRING),
	FIELD("readOnly", JSON_BOOL),
	FIELD("registry", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("tenant", JSON_STRING, LONGEST(64)),
	FIELD("user", JSON_STRING),
	FIELD("volume", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
TYPE(quobyte, "QuobyteVolumeSource")

static const struct field fields_rbd[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("image", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("keyring", JSON_STRING, DEFAULT("/etc/ceph/keyring")),
	FIELD("monitors", LIST(JSON_STRING), FLAGS(FIELD_REQUIRED)),
	FIELD("pool", JSON_STRING, DEFAULT("rbd")),
	FIELD("readOnly", JSON_BOOL),
	FIELD("secretRef", OBJECT(local_object_reference)),
	FIELD("user", JSON_STRING, DEFAULT("admin")),
};
STATIC_TYPE(rbd, "RBDVolumeSource")

static const struct field fields_scale_io[] = {
	FIELD("fsType", JSON_STRING, DEFAULT("xfs")),
	FIELD("gateway", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("protectionDomain", JSON_STRING),
	FIELD("readOnly", JSON_BOOL),
	FIELD("secretRef", OBJECT(local_object_reference),
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("sslEnabled", JSON_BOOL),
	FIELD("storageMode", JSON_STRING, DEFAULT("ThinProvisioned")),
	FIELD("storagePool", JSON_STRING),
	FIELD("system", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("volumeName", JSON_STRING, FLAGS(FIELD_NEEDED)),
};
STATIC_TYPE(scale_io, "ScaleIOVolumeSource")

static const struct field fields_secret[] = {
	FIELD("defaultMode", JSON_INT32, FLAGS(FIELD_OPTIONAL), DEFAULT("420")),
	FIELD("items", OBJECTS(key_to_path)),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
	FIELD("secretName", JSON_STRING),
};
STATIC_TYPE(secret, "SecretVolumeSource")

static const struct field fields_storage_os[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("readOnly", JSON_BOOL),
	FIELD("secretRef", OBJECT(local_object_reference)),
	FIELD("volumeName", JSON_STRING, FLAGS(FIELD_NEEDED), IS(LABEL)),
	FIELD("volumeNamespace", JSON_STRING, IS(LABEL)),
};
STATIC_TYPE(storage_os, "StorageOSVolumeSource")

static const struct field fields_vsphere[] = {
	FIELD("fsType", JSON_STRING),
	FIELD("storagePolicyID", JSON_STRING),
	FIELD("storagePolicyName", JSON_STRING),
	FIELD("volumePath", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(vsphere, "VsphereVirtualDiskVolumeSource")

#define NETWORK                                                           \
	"volumes on other machines are not mounted; let the host mount it " \
	"and use hostPath"

static const struct field fields_volume[] = {
	FIELD("awsElasticBlockStore", OBJECT(aws_ebs), NEVER(NETWORK)),
	FIELD("azureDisk", OBJECT(azure_disk), NEVER(NETWORK)),
	FIELD("azureFile", OBJECT(azure_file), REFERS("secrets")),
	FIELD("cephfs", OBJECT(cephfs), NEVER(NETWORK)),
	FIELD("cinder", OBJECT(cinder), NEVER(NETWORK)),
	FIELD("configMap", OBJECT(config_map), REFERS("config maps")),
	FIELD("csi", OBJECT(csi), REFERS("CSI drivers")),
	FIELD("downwardAPI", OBJECT(downward_api), ACTED),
	FIELD("emptyDir", OBJECT(empty_dir), ACTED,
	    DEFAULT_WORDS("{} if the volume names no source")),
	FIELD("ephemeral", OBJECT(ephemeral),
	    REFERS("persistent volume claims"), SINCE("1.19")),
	FIELD("fc", OBJECT(fc), NEVER(NETWORK)),
	FIELD("flexVolume", OBJECT(flex),
	    NEVER("drivers of volumes are not run, which a kubelet would do "
		"with all rights")),
	FIELD("flocker", OBJECT(flocker), NEVER(NETWORK)),
	FIELD("gcePersistentDisk", OBJECT(gce_pd), NEVER(NETWORK)),
	FIELD("gitRepo", OBJECT(git_repo),
	    NEVER("kubelets have it switched off; clone in an init container, "
		"into an emptyDir")),
	FIELD("glusterfs", OBJECT(glusterfs), REFERS("endpoints")),
	FIELD("hostPath", OBJECT(host_path), ACTED),
	FIELD("image", OBJECT(image), LATER, SINCE("1.31")),
	FIELD("iscsi", OBJECT(iscsi), NEVER(NETWORK)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED), ACTED, IS(LABEL)),
	FIELD("nfs", OBJECT(nfs), NEVER(NETWORK)),
	FIELD("persistentVolumeClaim", OBJECT(persistent_volume_claim),
	    REFERS("persistent volume claims")),
	FIELD("photonPersistentDisk", OBJECT(photon_persistent_disk),
	    NEVER(NETWORK)),
	FIELD("portworxVolume", OBJECT(portworx), NEVER(NETWORK)),
	FIELD("projected", OBJECT(projected), ACTED),
	FIELD("quobyte", OBJECT(quobyte), NEVER(NETWORK)),
	FIELD("rbd", OBJECT(rbd), NEVER(NETWORK)),
	FIELD("scaleIO", OBJECT(scale_io), NEVER(NETWORK)),
	FIELD("secret", OBJECT(secret), REFERS("secrets")),
	FIELD("storageos", OBJECT(storage_os), NEVER(NETWORK)),
	FIELD("vsphereVolume", OBJECT(vsphere), NEVER(NETWORK)),
};
TYPE(volume, "Volume")

/* clang-format on */
