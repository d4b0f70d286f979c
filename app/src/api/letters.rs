//! What an organization's letters say.

use leptos::prelude::*;
use model::{
    id::OrganizationId,
    letter::{LetterLook, LetterView, LettersView},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

/// The letters of a front door.
#[server(prefix = "/api", endpoint = "organization/letters")]
pub async fn view_letters(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<LettersView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.letters(&actor, scope).await?)
}

/// A letter in one language, to be written anew.
#[server(prefix = "/api", endpoint = "organization/letter")]
pub async fn view_letter(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// The word of its kind.
    #[server(default)]
    kind: String,
    /// The tag of its language.
    #[server(default)]
    language: String,
) -> Result<LetterView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.letter(&actor, &portal::WhichLetter { scope, kind, language }).await?)
}

/// How a letter would look in words that are being typed, with sample data.
#[server(prefix = "/api", endpoint = "organization/look-at-letter")]
pub async fn look_at_letter(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// The word of its kind.
    #[server(default)]
    kind: String,
    /// The tag of its language.
    #[server(default)]
    language: String,
    /// Its subject.
    #[server(default)]
    subject: String,
    /// Its text.
    #[server(default)]
    text: String,
) -> Result<LetterLook, ApiError> {
    let (portal, _, actor) = actor().await?;
    let which = portal::WhichLetter { scope, kind, language };
    let words = portal::mail::OwnWords { subject, text };
    let shown = portal.preview_letter(&actor, &which, Some(words)).await?;
    Ok(LetterLook { subject: shown.subject.clone(), html: shown.html.clone() })
}

/// Chooses the words of a letter.
#[server(prefix = "/api", endpoint = "organization/set-letter")]
pub async fn set_letter(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// The word of its kind.
    #[server(default)]
    kind: String,
    /// The tag of its language.
    #[server(default)]
    language: String,
    /// Its subject.
    #[server(default)]
    subject: String,
    /// Its text.
    #[server(default)]
    text: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let which = portal::WhichLetter { scope, kind, language };
    let words = portal::mail::OwnWords { subject, text };
    let organization = portal.set_letter(&actor, &which, words).await?;
    see_other_if_plain(&page_of(&which, organization));
    Ok(organization)
}

/// Gives a letter the words back that it is delivered with.
#[server(prefix = "/api", endpoint = "organization/restore-letter")]
pub async fn restore_letter(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// The word of its kind.
    #[server(default)]
    kind: String,
    /// The tag of its language.
    #[server(default)]
    language: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let which = portal::WhichLetter { scope, kind, language };
    let organization = portal.restore_letter(&actor, &which).await?;
    see_other_if_plain(&page_of(&which, organization));
    Ok(organization)
}

/// Where a letter is seen after it was changed; whatever it is, it was looked up before.
#[cfg(feature = "ssr")]
fn page_of(which: &portal::WhichLetter, organization: OrganizationId) -> String {
    let portal::WhichLetter { kind, language, .. } = which;
    format!("/organization/templates/{kind}?language={language}&scope={organization}&done=saved")
}
