//! An organization's mail: how it is sent, and what became of it.

#![expect(clippy::too_many_arguments, reason = "a form has as many fields as it needs")]

use leptos::prelude::*;
use model::{
    id::{MailId, OrganizationId},
    mail::{MailDetail, MailPage, MailSentAgain, MailState, MailTested, MailView},
};

use super::{ApiError, Hidden};
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

/// How an organization's mail is sent.
#[server(prefix = "/api", endpoint = "organization/mail")]
pub async fn view_mail(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<MailView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.mail_page(&actor, scope).await?)
}

/// Gives an organization a mail server of its own, or takes it away.
#[server(prefix = "/api", endpoint = "organization/set-mail")]
pub async fn set_mail(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// `own` or `inherited`.
    #[server(default)]
    source: String,
    /// The mail server's host.
    #[server(default)]
    host: String,
    /// Its port.
    #[server(default)]
    port: String,
    /// The word of how the connection is encrypted.
    #[server(default)]
    security: String,
    /// The name to sign in with; empty for no sign-in.
    #[server(default)]
    user: String,
    /// The password to sign in with; empty to keep the one that is there.
    smtp_password: Hidden,
    /// The sender's address.
    #[server(default)]
    from_email: String,
    /// The sender's name; empty for the site's.
    #[server(default)]
    from_name: String,
    /// Where answers go; empty for whoever helps.
    #[server(default)]
    reply_to: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let password = smtp_password.into();
    let request = portal::SetMail {
        scope,
        source,
        host,
        port,
        security,
        user,
        password,
        from_email,
        from_name,
        reply_to,
    };
    let organization = portal.set_mail(&actor, request).await?;
    Ok(shown(organization, "&done=saved"))
}

/// Makes a key that an organization's mail is signed with.
#[server(prefix = "/api", endpoint = "organization/make-dkim")]
pub async fn make_dkim(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.make_dkim_key(&actor, scope).await?, ""))
}

/// Signs an organization's mail, or leaves it.
#[server(prefix = "/api", endpoint = "organization/switch-dkim")]
pub async fn switch_dkim(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Whether it is signed from now on.
    #[server(default)]
    on: bool,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.switch_dkim_key(&actor, scope, on).await?, ""))
}

/// Takes the key away that an organization's mail is signed with.
#[server(prefix = "/api", endpoint = "organization/remove-dkim")]
pub async fn remove_dkim(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.remove_dkim_key(&actor, scope).await?, ""))
}

/// Leads to the page of how mail is sent, which is told so much more.
#[cfg(feature = "ssr")]
fn shown(organization: OrganizationId, more: &str) -> OrganizationId {
    see_other_if_plain(&format!("/organization/email?scope={organization}{more}"));
    organization
}

/// Sends the reader a test mail, as an organization's mail would go.
#[server(prefix = "/api", endpoint = "organization/test-mail")]
pub async fn test_mail(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<MailTested, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.test_mail(&actor, scope).await?)
}

/// A page of an organization's mail.
#[server(prefix = "/api", endpoint = "organization/mail-log")]
pub async fn view_mail_log(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Only mail in this state.
    #[server(default)]
    state: Option<MailState>,
    /// Only what is older than this mail.
    #[server(default)]
    before: Option<MailId>,
) -> Result<MailPage, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.mail_log(&actor, scope, state, before).await?)
}

/// One mail of the log.
#[server(prefix = "/api", endpoint = "organization/logged-mail")]
pub async fn view_logged_mail(
    /// Which one.
    mail: MailId,
) -> Result<MailDetail, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.mail_detail(&actor, mail).await?)
}

/// Sends a mail again that was given up.
#[server(prefix = "/api", endpoint = "organization/send-mail-again")]
pub async fn send_mail_again(
    /// Which one.
    mail: MailId,
    /// Why, in one's own words, when it holds a link to a new password.
    #[server(default)]
    reason: String,
) -> Result<MailSentAgain, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::SendMailAgain { mail, reason };
    let done = portal.send_mail_again(&actor, request).await?;
    see_other_if_plain(&format!("/organization/mail/{}?done=again", done.new));
    Ok(done)
}
