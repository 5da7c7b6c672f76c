//! A node that is none: it has a nation's key and certificates, and answers as a test says.
//!
//! Invariant: who connects shows a certificate, and is known by it alone.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// An answer on its way.
pub(super) type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// What a test answers to whoever has a certificate.
pub(super) type Answers = Arc<dyn Fn(&[u8], Request<Bytes>) -> Answering + Send + Sync>;

/// Lets in whoever shows a certificate and has its key.
#[derive(Debug)]
struct Anybody;

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("not spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signed, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = rustls::crypto::ring::default_provider();
        provider.signature_verification_algorithms.supported_schemes()
    }
}

/// It answers until this is dropped.
pub(super) struct FalseNode {
    listening: JoinHandle<()>,
}

impl Drop for FalseNode {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl FalseNode {
    /// Answers at a listener with a certificate.
    pub(super) fn at(
        runtime: &Runtime,
        listener: std::net::TcpListener,
        (chain, key): (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>),
        answers: Answers,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
        let config = config.with_client_cert_verifier(Arc::new(Anybody));
        let mut config = config.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        listener.set_nonblocking(true).unwrap();
        let listening = runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            // With it all its connections end.
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answers) = (acceptor.clone(), answers.clone());
                open.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
                    let leaf: Arc<[u8]> = Arc::from(shown.first().unwrap().as_ref());
                    let service = service_fn(move |request: Request<Incoming>| {
                        let (leaf, answers) = (leaf.clone(), answers.clone());
                        async move {
                            let (head, body) = request.into_parts();
                            let body =
                                body.collect().await.map(http_body_util::Collected::to_bytes);
                            let request = Request::from_parts(head, body.unwrap_or_default());
                            let answer = answers(&leaf, request).await;
                            if answer.status() == StatusCode::CONTINUE {
                                std::future::pending::<()>().await;
                            }
                            Ok::<_, Infallible>(answer)
                        }
                    });
                    let builder = Builder::new(TokioExecutor::new());
                    drop(builder.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Self { listening }
    }
}
