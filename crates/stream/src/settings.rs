//! How a folder's replica reaches its cluster: a file in the folder, readable and editable.
//!
//! Invariant: no secret is in it: credentials are named by their file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::StreamError;

/// The file in a node's folder.
pub const FILE: &str = "stream.json";

/// The settings of a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The servers, such as `nats://10.0.0.1:4222` or `tls://a.example:4222`.
    pub servers: Vec<String>,
    /// What this replica is called; no two of a node are called the same.
    pub replica: String,
    /// The file of credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<PathBuf>,
    /// The authority that signed the servers' certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
    /// How many servers keep each message.
    pub copies: usize,
}

impl Settings {
    /// The settings of a folder, if it is one of several replicas.
    pub fn read(folder: &Path) -> Result<Option<Self>, StreamError> {
        let path = folder.join(FILE);
        let failed =
            |reason: String| StreamError::File { path: path.display().to_string(), reason };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(failed(cause.to_string())),
        };
        let read: Self = serde_json::from_str(&text).map_err(|cause| failed(cause.to_string()))?;
        read.check()?;
        Ok(Some(read))
    }

    /// Keeps the settings in a folder.
    pub fn write(&self, folder: &Path) -> Result<(), StreamError> {
        self.check()?;
        let path = folder.join(FILE);
        let failed =
            |reason: String| StreamError::File { path: path.display().to_string(), reason };
        let text = serde_json::to_string_pretty(self).map_err(|cause| failed(cause.to_string()))?;
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, text + "\n")
            .and_then(|()| std::fs::rename(&fresh, &path))
            .map_err(|cause| failed(cause.to_string()))
    }

    fn check(&self) -> Result<(), StreamError> {
        let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let name = &self.replica;
        if name.is_empty() || name.len() > 32 || !name.bytes().all(fits) {
            return Err(StreamError::Name(name.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_and_a_name_that_cannot_stand_in_a_subject_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::read(folder.path()).unwrap(), None);
        let mut settings = Settings {
            servers: vec!["nats://a:4222".into()],
            replica: "seoul-1".into(),
            credentials: None,
            authority: Some("ca.pem".into()),
            copies: 3,
        };
        settings.write(folder.path()).unwrap();
        assert_eq!(Settings::read(folder.path()).unwrap(), Some(settings.clone()));
        for name in ["", "Seoul", "a.b", "a b", "*", &"x".repeat(33)] {
            settings.replica = name.into();
            assert!(settings.write(folder.path()).is_err(), "{name}");
        }
    }
}
