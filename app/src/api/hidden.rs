use serde::{Deserialize, Serialize};

/// Text on its way to the server that must not be printed: server functions' arguments can be.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden(…)")
    }
}

#[cfg(feature = "ssr")]
impl Hidden {
    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(feature = "ssr")]
impl From<Hidden> for portal::secrets::Secret {
    fn from(Hidden(text): Hidden) -> Self {
        Self::new(text)
    }
}
