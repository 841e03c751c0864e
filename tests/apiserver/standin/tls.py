"""TLS with client certificates that are asked for, never insisted upon.

Python's ssl module fails the handshake when a client certificate does not
verify; a real API server finishes it and answers 401.  To do the same, the
verification callback of OpenSSL is set through ctypes: it verifies as usual
and notes the result instead of failing.  On an interpreter where that cannot
be done the handshake fails, which is stricter.
"""

import ctypes
import ssl
import sys
import threading

RESULT = threading.local()
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def can_reach_openssl():
    return (sys.implementation.name == "cpython" and
            not hasattr(sys, "gettotalrefcount") and
            sys.version_info < (3, 13))


class Tls:
    """The server's side of TLS."""

    def __init__(self, pki):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(pki.path("server.crt"),
                                pki.path("server.key"))
        context.load_verify_locations(pki.path("ca.crt"))
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(["http/1.1"])
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
        self.context = context
        self.lenient = can_reach_openssl()
        if self.lenient:
            self.note_instead_of_failing()

    def note_instead_of_failing(self):
        library = ctypes.CDLL(sys.modules["_ssl"].__file__)
        verify = library.X509_verify_cert
        verify.argtypes, verify.restype = [ctypes.c_void_p], ctypes.c_int

        def callback(store, _argument):
            RESULT.verified = verify(store) == 1
            return 1

        # Kept for as long as OpenSSL may call it.
        self.callback = CALLBACK(callback)
        setter = library.SSL_CTX_set_cert_verify_callback
        setter.argtypes = [ctypes.c_void_p, CALLBACK, ctypes.c_void_p]
        setter.restype = None
        # The SSL_CTX is the first member after the object's head.
        pointer = ctypes.c_void_p.from_address(
            id(self.context) + object.__basicsize__)
        setter(pointer, self.callback, None)

    def accept(self, sock):
        """(TLS socket, certificate): None without one, False if not good."""
        RESULT.verified = True
        wrapped = self.context.wrap_socket(sock, server_side=True)
        certificate = wrapped.getpeercert() or None
        if certificate and not RESULT.verified:
            certificate = False
        return wrapped, certificate
