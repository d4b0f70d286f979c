//! What a server function answers instead of what was asked for.

#[cfg(feature = "ssr")]
use leptos::prelude::*;
use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType,
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use model::Refusal;
use serde::{Deserialize, Serialize, de::Error as _};

/// An error that a person may see. What only the operator should see is in the log, found by
/// the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    /// It was understood and refused, with a reason.
    Refused(Refusal),
    /// Nobody is signed in.
    SignedOut,
    /// Somebody signed in with a temporary password, and has to choose another one first.
    MustChange,
    /// Somebody gave the right password, and owes the second factor.
    MustProve,
    /// Somebody needs a second factor and has none: it has to be set up first.
    MustSetUpFactor,
    /// Too much is going on; nothing happened.
    Busy {
        /// Seconds after which trying again makes sense.
        retry_after: u32,
    },
    /// What arrived is no answer to the form: fields are missing, doubled or damaged.
    Malformed,
    /// Something is wrong on the server.
    Broken {
        /// Finds the cause in the server's log.
        reference: String,
    },
    /// The server did not answer.
    Unreachable,
}

impl std::fmt::Display for ApiError {
    /// For logs; people read the interface's sentence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for ApiError {}

/// An error as JSON. Read as text, as what comes with a page is: read as bytes, all that an error
/// may hold would be compiled a second time, for everybody to download.
pub struct ErrorJson;

impl ContentType for ErrorJson {
    const CONTENT_TYPE: &'static str = JsonEncoding::CONTENT_TYPE;
}

impl FormatType for ErrorJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl Encodes<ApiError> for ErrorJson {
    type Error = serde_json::Error;

    fn encode(error: &ApiError) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(error).map(Bytes::from)
    }
}

impl Decodes<ApiError> for ErrorJson {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<ApiError, Self::Error> {
        serde_json::from_str(std::str::from_utf8(&bytes).map_err(serde_json::Error::custom)?)
    }
}

impl FromServerFnError for ApiError {
    type Encoder = ErrorJson;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::Malformed.told(),
            #[cfg(feature = "ssr")]
            other => Self::broken(&other),
            #[cfg(not(feature = "ssr"))]
            _ => Self::Unreachable,
        }
    }
}

impl ApiError {
    /// Sets the answer's status to fit.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub(crate) fn told(self) -> Self {
        use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

        let (status, retry_after) = match &self {
            Self::Refused(Refusal::NotFound) => (StatusCode::NOT_FOUND, None),
            Self::Refused(Refusal::NotAllowed | Refusal::StepUp) => (StatusCode::FORBIDDEN, None),
            Self::Refused(Refusal::Wait { seconds } | Refusal::Budget { seconds }) => {
                (StatusCode::TOO_MANY_REQUESTS, Some(*seconds))
            }
            Self::Refused(_) => (StatusCode::UNPROCESSABLE_ENTITY, None),
            Self::SignedOut | Self::MustChange | Self::MustProve | Self::MustSetUpFactor => {
                (StatusCode::UNAUTHORIZED, None)
            }
            Self::Malformed => (StatusCode::BAD_REQUEST, None),
            Self::Busy { retry_after } => (StatusCode::SERVICE_UNAVAILABLE, Some(*retry_after)),
            Self::Broken { .. } | Self::Unreachable => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
            response.set_status(status);
            if let Some(seconds) = retry_after {
                response.insert_header(RETRY_AFTER, HeaderValue::from(seconds));
            }
        }
        self
    }

    /// In the browser there is no status to set.
    #[cfg(not(feature = "ssr"))]
    #[must_use]
    fn told(self) -> Self {
        self
    }

    /// Logs what is wrong, once, and leaves the person a reference to it.
    #[cfg(feature = "ssr")]
    pub(crate) fn broken(error: &(impl std::fmt::Debug + ?Sized)) -> Self {
        let reference = use_context::<crate::request::RequestFacts>()
            .map_or_else(String::new, |facts| facts.request_id);
        tracing::error!(request_id = reference, ?error, "a request failed");
        Self::Broken { reference }.told()
    }
}

#[cfg(feature = "ssr")]
impl From<portal::Error> for ApiError {
    fn from(error: portal::Error) -> Self {
        match error {
            portal::Error::Refused(refusal) => Self::Refused(refusal).told(),
            portal::Error::Busy { retry_after } => Self::Busy { retry_after }.told(),
            portal::Error::Broken(error) => Self::broken(&error),
        }
    }
}
