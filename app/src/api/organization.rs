//! How an organization is set up: its rules and its staff.
//!
//! A scope is the organization that a page acts on; without one it is the reader's own.

use leptos::prelude::*;
use model::{
    id::{AccountId, OrganizationId},
    rules::PolicyView,
    staff::{StaffDone, StaffList, StaffView},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

/// An organization's rules.
#[server(prefix = "/api", endpoint = "organization/policy")]
pub async fn view_policy(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<PolicyView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.policy_page(&actor, scope).await?)
}

/// Changes a rule; of it, what differs from what the page showed.
#[server(prefix = "/api", endpoint = "organization/set-rule")]
pub async fn set_rule(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// The rule's word.
    rule: String,
    /// The organization's own value; empty to inherit it.
    #[server(default)]
    value: String,
    /// The day, when the value is `day`.
    #[server(default)]
    value_day: String,
    /// The loosest value that those below may choose; empty for none.
    #[server(default)]
    ceiling: String,
    /// The day, when that is `day`.
    #[server(default)]
    ceiling_day: String,
    /// The value that the page showed.
    #[server(default)]
    was_value: String,
    /// The ceiling that the page showed.
    #[server(default)]
    was_ceiling: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let word = rule.clone();
    // A day that was not typed is no day, and not nothing.
    let day_of = |choice: String, day: String| match choice.as_str() {
        "day" if day.trim().is_empty() => "-".to_owned(),
        "day" => day,
        _ => choice,
    };
    let (value, ceiling) = (day_of(value, value_day), day_of(ceiling, ceiling_day));
    let request = portal::SetRule { scope, rule, value, ceiling, was_value, was_ceiling };
    let organization = portal.set_rule(&actor, request).await?;
    see_other_if_plain(&format!("/organization/policy?scope={organization}&done={word}"));
    Ok(organization)
}

/// Sets the words that no password is made of.
#[server(prefix = "/api", endpoint = "organization/set-blocked-words")]
pub async fn set_blocked_words(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// The words, one on a line.
    #[server(default)]
    words: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let organization = portal.set_blocked_words(&actor, scope, &words).await?;
    see_other_if_plain(&format!("/organization/policy?scope={organization}&done=words"));
    Ok(organization)
}

/// Who works for an organization.
#[server(prefix = "/api", endpoint = "organization/staff")]
pub async fn view_staff(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<StaffList, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.staff_page(&actor, scope).await?)
}

/// One member of staff.
#[server(prefix = "/api", endpoint = "organization/staff-member")]
pub async fn view_staff_member(
    /// Who.
    staff: AccountId,
) -> Result<StaffView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.staff_member(&actor, staff).await?)
}

/// Invites somebody to work for an organization.
#[server(prefix = "/api", endpoint = "organization/invite")]
pub async fn invite_staff(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// What they are called.
    name: String,
    /// Where the invitation goes.
    email: String,
    /// The word of their role.
    #[server(default)]
    role: String,
    /// The tag of their language.
    #[server(default)]
    language: String,
) -> Result<StaffDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::InviteStaff { scope, name, email, role, language };
    Ok(shown(portal.invite_staff(&actor, request).await?))
}

/// Mails an invitation once more.
#[server(prefix = "/api", endpoint = "organization/invite-again")]
pub async fn invite_again(
    /// Whom.
    staff: AccountId,
) -> Result<StaffDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.invite_again(&actor, staff).await?))
}

/// Gives a member of staff another role.
#[server(prefix = "/api", endpoint = "organization/change-role")]
pub async fn change_role(
    /// Whom.
    staff: AccountId,
    /// The word of the role.
    #[server(default)]
    role: String,
) -> Result<StaffDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.change_role(&actor, staff, &role).await?))
}

/// Sets a member of staff aside.
#[server(prefix = "/api", endpoint = "organization/suspend-staff")]
pub async fn suspend_staff(
    /// Whom.
    staff: AccountId,
) -> Result<StaffDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.suspend_staff(&actor, staff).await?))
}

/// Takes a member of staff who was set aside into use again.
#[server(prefix = "/api", endpoint = "organization/resume-staff")]
pub async fn resume_staff(
    /// Whom.
    staff: AccountId,
) -> Result<StaffDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.resume_staff(&actor, staff).await?))
}

/// Mails a member of staff a link to a new password.
#[server(prefix = "/api", endpoint = "organization/send-staff-link")]
pub async fn send_staff_link(
    /// Whom.
    staff: AccountId,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    #[server(default)]
    ticket: String,
) -> Result<StaffDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::SendStaffLink { staff, reason, ticket };
    Ok(shown(portal.send_staff_link(&actor, request).await?))
}

/// Leads to the page of the one it was about.
#[cfg(feature = "ssr")]
fn shown(done: StaffDone) -> StaffDone {
    see_other_if_plain(&format!("/organization/staff/{}?done={}", done.staff, done.deed.word()));
    done
}
