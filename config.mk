# Where things go and how they are built.  Override on the command line:
# make PREFIX=/usr CC=clang SAN=address,undefined
VERSION		 = 0.1.0

PREFIX		?= /usr/local
SBINDIR		?= $(PREFIX)/sbin
LIBEXECDIR	?= $(PREFIX)/libexec/tripod
MANDIR		?= $(PREFIX)/share/man
EXAMPLEDIR	?= $(PREFIX)/share/examples/tripod
SYSCONFDIR	?= /etc
RUNDIR		?= /run/tripod
STATEDIR	?= /var/lib/tripod
UNITDIR		?= /lib/systemd/system
SYSUSERSDIR	?= /usr/lib/sysusers.d
TMPFILESDIR	?= /usr/lib/tmpfiles.d

CC		?= cc
PKG_CONFIG	?= pkg-config
PROTOC_C	?= protoc-c
OPT		?= -O2 -g
SAN		?=
WERROR		?= $(if $(CI),-Werror)

# Objects stay out of the source tree; each kind of build has its own.
O		?= obj$(if $(SAN),-san)$(if $(findstring clang,$(CC)),-clang)

WARN		 = -Wall -Wextra -Wshadow -Wmissing-prototypes \
		   -Wstrict-prototypes -Wcast-qual -Wvla -Wpointer-arith \
		   -Wwrite-strings -Wformat=2 -Wno-format-nonliteral
HARDEN		 = -fPIE -fstack-protector-strong -fno-common \
		   $(if $(SAN),,-D_FORTIFY_SOURCE=2)
HARDEN_LD	 = -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack \
		   -Wl,--as-needed
SANFLAGS	 = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all \
		   -fno-omit-frame-pointer -DSANDBOX_NO_SECCOMP)
