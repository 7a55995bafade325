//! A certificate of the server's own, for clients that insist on TLS.
//!
//! It comes from an authority that is made once and kept with the server's state.
//! The authority can vouch for this machine only, so whoever trusts it trusts it
//! for nothing else.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, SanType,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::clock;
use crate::settings::DOMAIN;

/// How long certificates hold, in days. A new one is made at each start, the
/// authority when its own is about to end.
const LEAF_DAYS: i64 = 90;
const AUTHORITY_DAYS: i64 = 3650;

/// The longest file that is read here.
const FILE_BYTES: u64 = 64 << 10;

/// What a server needs to speak TLS: a certificate for `localhost`, for the
/// addresses of this machine alone and for the names of sandboxes.
#[derive(Clone)]
pub struct Certificate {
    authority: PathBuf,
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// A new certificate by the authority whose files, `ca.pem` and `ca.key`, are
    /// in this folder; they are made if they are missing, the key for its owner
    /// only.
    ///
    /// # Errors
    /// Files that cannot be read or written, or are damaged.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        let authority = folder.join("ca.pem");
        let key_file = folder.join("ca.key");
        if !authority.exists() || !key_file.exists() || is_old(&authority)? {
            make_authority(&authority, &key_file)?;
        }
        let key = KeyPair::from_pem(&read(&key_file)?).map_err(damaged)?;
        // The authority's parameters are always the same but for its times, which
        // a leaf does not name.
        let issuer = Issuer::new(authority_params()?, key);
        let leaf_key = KeyPair::generate().map_err(damaged)?;
        let leaf = leaf_params()?
            .signed_by(&leaf_key, &issuer)
            .map_err(damaged)?;
        let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], secret)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            authority,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// The file that clients are to trust, as `SSL_CERT_FILE` or
    /// `NODE_EXTRA_CA_CERTS`.
    #[must_use]
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn damaged(error: rcgen::Error) -> io::Error {
    io::Error::other(format!("the certificate authority: {error}"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?
        .take(FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// True when the authority was made so long ago that it ends soon.
fn is_old(path: &Path) -> io::Result<bool> {
    let made = fs::metadata(path)?.modified()?;
    let age = made.elapsed().unwrap_or_default();
    let most = std::time::Duration::from_secs((AUTHORITY_DAYS as u64 - 365) * 24 * 3600);
    Ok(age > most)
}

fn make_authority(certificate: &Path, key_file: &Path) -> io::Result<()> {
    let key = KeyPair::generate().map_err(damaged)?;
    let made = authority_params()?.self_signed(&key).map_err(damaged)?;
    // The key first: a certificate without its key is of no use to anybody.
    write(key_file, &key.serialize_pem(), 0o600)?;
    write(certificate, &made.pem(), 0o644)
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&new)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&new, path)
}

fn holds(params: &mut CertificateParams, days: i64) {
    let now: OffsetDateTime = clock::now();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(days);
}

fn authority_params() -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(damaged)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Sandcell on this machine");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let [v4, v6] = addresses();
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(v4, 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(v6, 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    holds(&mut params, AUTHORITY_DAYS);
    Ok(params)
}

fn addresses() -> [IpAddr; 2] {
    [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
}

fn leaf_params() -> io::Result<CertificateParams> {
    let names = [
        "localhost".to_owned(),
        DOMAIN.to_owned(),
        format!("*.{DOMAIN}"),
    ];
    let mut params = CertificateParams::new(names).map_err(damaged)?;
    for address in addresses() {
        params.subject_alt_names.push(SanType::IpAddress(address));
    }
    params
        .distinguished_name
        .push(DnType::CommonName, "Sandcell");
    params.use_authority_key_identifier_extension = true;
    holds(&mut params, LEAF_DAYS);
    Ok(params)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_authority_is_made_once_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let made = Certificate::in_folder(folder.path()).unwrap();
        let first = fs::read(made.authority()).unwrap();
        Certificate::in_folder(folder.path()).unwrap();
        assert_eq!(fs::read(made.authority()).unwrap(), first);
        let mode = fs::metadata(folder.path().join("ca.key")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_told() {
        let folder = tempfile::tempdir().unwrap();
        Certificate::in_folder(folder.path()).unwrap();
        fs::write(folder.path().join("ca.key"), "no key").unwrap();
        let refused = Certificate::in_folder(folder.path()).unwrap_err();
        assert!(
            refused.to_string().contains("certificate authority"),
            "{refused}"
        );
    }
}
