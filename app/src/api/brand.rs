//! How an organization's front door looks.

use leptos::prelude::*;
use model::{brand::BrandView, id::OrganizationId};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

/// How the front door of an organization looks.
#[server(prefix = "/api", endpoint = "organization/brand")]
pub async fn view_brand(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<BrandView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.brand_page(&actor, scope).await?)
}

/// Changes how the front door of an organization looks, and what it says.
#[server(prefix = "/api", endpoint = "organization/set-brand")]
pub async fn set_brand(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// The brand's name.
    #[server(default)]
    name: String,
    /// One line under the title of the sign-in page; empty for none.
    #[server(default)]
    tagline: String,
    /// Where people write to who need help; empty for nowhere.
    #[server(default)]
    support_email: String,
    /// The tag of the language that is spoken unless the visitor wants another.
    #[server(default)]
    language: String,
    /// The tags of the languages that are spoken beside it.
    #[server(default)]
    languages: Vec<String>,
    /// The colour; empty for Rekey's own.
    #[server(default)]
    primary: String,
    /// The word of the corners.
    #[server(default)]
    corners: String,
    /// The word of the letters.
    #[server(default)]
    letters: String,
    /// The page that says who answers for it; empty for none.
    #[server(default)]
    imprint: String,
    /// The page about personal data; empty for none.
    #[server(default)]
    privacy: String,
    /// The page of terms; empty for none.
    #[server(default)]
    terms: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::SetBrand {
        scope,
        name,
        tagline,
        support_email,
        language,
        languages,
        primary,
        corners,
        letters,
        imprint,
        privacy,
        terms,
    };
    let organization = portal.set_brand(&actor, request).await?;
    // Pages have the brand from their first byte: the next one is made anew.
    see_other_if_plain(&format!("/organization/brand?scope={organization}&done=saved"));
    Ok(organization)
}

/// Takes the logo or the icon of a front door away.
#[server(prefix = "/api", endpoint = "organization/remove-picture")]
pub async fn remove_picture(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Which one: `logo` or `icon`.
    #[server(default)]
    picture: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let organization = portal.remove_picture(&actor, scope, &picture).await?;
    see_other_if_plain(&format!("/organization/brand?scope={organization}&done=saved"));
    Ok(organization)
}
