//! Connections to a node with the certificate of another one, for tests that misuse it.

use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// Connects to the node of the folder `to`, at `address`, as the node of the folder `by` would.
pub(crate) fn connect(
    by: &Path,
    to: &Path,
    address: &str,
) -> io::Result<(ClientConnection, TcpStream)> {
    let keys = by.join("keys");
    let chain = CertificateDer::pem_file_iter(keys.join("client.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(keys.join("client.key")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(to.join("keys/root.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let config = config.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(address)?;
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok((session, socket))
}
