//! Server functions: what the browser may ask for.
//!
//! Each one is a public endpoint, a line or two over [`portal::Portal`], which decides; nothing
//! else in this crate names `portal`.

mod error;
pub mod forgotten;

pub use error::ApiError;

#[cfg(feature = "ssr")]
mod asking {
    use leptos::prelude::*;
    use portal::{Portal, Visit, secrets::Secret};

    use super::ApiError;
    use crate::request::RequestFacts;

    /// The façade, the request and the visit that a server function works with.
    pub fn asked() -> Result<(Portal, RequestFacts, Visit), ApiError> {
        let (Some(portal), Some(facts)) = (use_context::<Portal>(), use_context::<RequestFacts>())
        else {
            return Err(ApiError::broken("the server gave no portal or no facts of the request"));
        };
        let visit = Visit {
            site: facts.site.id,
            address: facts.address,
            user_agent: facts.user_agent.clone(),
            request_id: facts.request_id.clone(),
            origin: facts.origin.clone(),
            language: facts.language,
            device: facts.cookies.get(&facts.device_cookie()).cloned().map(Secret::new),
        };
        Ok((portal, facts, visit))
    }
}

#[cfg(feature = "ssr")]
use asking::asked;
