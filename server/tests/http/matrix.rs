//! Who may do what, to whom: every function and every page of the interface, asked by every role of
//! every organization, by a customer and by nobody, for what is theirs to see, for what is another
//! organization's, and for what does not exist. What is not in the tables below fails by its name.

pub mod api;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use leptos::server_fn::axum::server_fn_paths;
use model::{account::Role, permission::Permission};
use portal::CreateStaff;
use uuid::Uuid;

use crate::{
    sql::{Sql, values},
    world::{Answer, World, get, post},
};

/// What a request names, of which organizations have one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Customer,
    Member,
    Organization,
    Job,
    Entry,
    Mail,
    Hook,
    Message,
    Dispute,
    Session,
    Device,
    Factor,
    Reset,
    Connector,
    ApiKey,
    Approval,
}

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Everybody, signed in or not.
    Everybody,
    /// Whoever is signed in, about themselves.
    Oneself,
    /// Staff whose role has this permission.
    Staff(Permission),
    /// The same, of the organization that is above all others.
    Operators(Permission),
    /// Owners alone.
    Owners,
}

use For::{Everybody, Oneself, Operators, Owners, Staff};
use Permission::{
    ChangeEmail, CloseDisputes, EditApiKeys, EditBrand, EditConnectors, EditCustomers, EditMail,
    EditOrganizations, EditPolicy, ManageStaff, ReadAudit, ReadCustomers, ReadSettings,
    RemoveFactors, SendLink, SetPassword, VerifyCallers,
};
use Thing::{
    ApiKey, Approval, Connector, Customer, Device, Dispute, Entry, Factor, Hook, Job, Mail, Member,
    Message, Organization, Reset, Session,
};

/// A function: whom it is for, the field by which it names something and what that is, whether it
/// only reads, and its other fields.
struct Function {
    path: &'static str,
    who: For,
    about: Option<(&'static str, Thing)>,
    reads: bool,
    fields: &'static [(&'static str, &'static str)],
}

const fn reads(
    path: &'static str,
    who: For,
    about: Option<(&'static str, Thing)>,
    fields: &'static [(&'static str, &'static str)],
) -> Function {
    Function { path, who, about, reads: true, fields }
}

const fn writes(
    path: &'static str,
    who: For,
    about: Option<(&'static str, Thing)>,
    fields: &'static [(&'static str, &'static str)],
) -> Function {
    Function { path, who, about, reads: false, fields }
}

const WHY: (&str, &str) = ("reason", "They called from the number we know");
const LETTER: &[(&str, &str)] = &[("kind", "test"), ("language", "en")];
const NEW: (&str, &str) = ("new", "granite walnut ferry nine");
const RETYPE: (&str, &str) = ("retype", "granite walnut ferry nine");
const NO_SERVICE: (&str, &str) = ("service", "00000000-0000-7000-8000-000000000000");
const NO_TICKET: (&str, &str) = ("ticket", "");
/// No place of any reset.
const NO_PLACE: (&str, &str) = ("target", "00000000-0000-7000-8000-000000000000");
const SCOPE: Option<(&str, Thing)> = Some(("scope", Organization));
const CUSTOMER: Option<(&str, Thing)> = Some(("customer", Customer));
const MEMBER: Option<(&str, Thing)> = Some(("staff", Member));
const OF_RESET: Option<(&str, Thing)> = Some(("reset", Reset));
const OF_CUSTOMER: Option<(&str, Thing)> = Some(("account", Customer));
const OF_MEMBER: Option<(&str, Thing)> = Some(("account", Member));
const FOR_PASSWORD: (&str, &str) = ("action", "set_password");
const FOR_FACTOR: (&str, &str) = ("action", "remove_factor");
const FOR_EMAIL: (&str, &str) = ("action", "change_email");
const APPROVAL: Option<(&str, Thing)> = Some(("approval", Approval));
const CONNECTOR: Option<(&str, Thing)> = Some(("connector", Connector));
const JOB: Option<(&str, Thing)> = Some(("job", Job));
const HOOK: Option<(&str, Thing)> = Some(("hook", Hook));
const ORGANIZATION: Option<(&str, Thing)> = Some(("organization", Organization));

/// Every function there is.
const FUNCTIONS: &[Function] = &[
    reads("/api/account/profile", Oneself, None, &[]),
    writes(
        "/api/account/change-profile",
        Oneself,
        None,
        &[("name", ""), ("user_name", ""), ("language", "en")],
    ),
    reads("/api/account/password", Oneself, None, &[]),
    writes("/api/account/change-password", Oneself, None, &[("current", ""), NEW, RETYPE]),
    reads("/api/account/sessions", Oneself, None, &[]),
    writes("/api/account/end-session", Oneself, Some(("session", Session)), &[]),
    writes("/api/account/end-other-sessions", Oneself, None, &[]),
    reads("/api/account/activity", Oneself, None, &[]),
    reads("/api/account/calls", Oneself, None, &[]),
    reads("/api/account/consent", Oneself, None, &[]),
    writes("/api/account/set-consent", Oneself, None, &[("choice", "")]),
    reads("/api/approvals/view", Staff(RemoveFactors), APPROVAL, &[]),
    writes(
        "/api/approvals/ask",
        Staff(SetPassword),
        OF_CUSTOMER,
        &[("action", "type_password"), WHY, NO_TICKET],
    ),
    writes(
        "/api/approvals/ask",
        Staff(RemoveFactors),
        OF_MEMBER,
        &[("action", "remove_factor"), WHY, NO_TICKET],
    ),
    writes("/api/approvals/agree", Staff(RemoveFactors), APPROVAL, &[WHY]),
    writes("/api/approvals/refuse", Staff(RemoveFactors), APPROVAL, &[]),
    writes("/api/approvals/withdraw", Staff(RemoveFactors), APPROVAL, &[]),
    reads("/api/audit/find", Staff(ReadAudit), Some(("query[scope]", Organization)), &[]),
    reads(
        "/api/audit/since",
        Staff(ReadAudit),
        Some(("query[scope]", Organization)),
        &[("newest", "00000000-0000-7000-8000-000000000000")],
    ),
    reads("/api/audit/entry", Staff(ReadAudit), Some(("entry", Entry)), &[]),
    reads("/api/audit/verify", Staff(ReadAudit), SCOPE, &[("position", "0"), ("entries", "0")]),
    reads("/api/connectors/list", Staff(ReadSettings), SCOPE, &[]),
    reads("/api/connectors/view", Staff(ReadSettings), CONNECTOR, &[]),
    writes("/api/connectors/set", Staff(EditConnectors), SCOPE, &[("kind", "comet")]),
    writes("/api/connectors/set", Staff(EditConnectors), CONNECTOR, &[("name", "Another name")]),
    writes("/api/connectors/test", Staff(EditConnectors), CONNECTOR, &[]),
    writes("/api/connectors/switch", Staff(EditConnectors), CONNECTOR, &[("enabled", "true")]),
    writes("/api/connectors/remove", Staff(EditConnectors), CONNECTOR, &[("typed", "Backup")]),
    reads("/api/connectors/accounts", Staff(EditConnectors), CONNECTOR, &[]),
    writes(
        "/api/connectors/import",
        Staff(EditConnectors),
        CONNECTOR,
        &[("all", "true"), ("link", "true"), ("create", "true")],
    ),
    reads("/api/services/view", Staff(ReadCustomers), CUSTOMER, &[]),
    writes("/api/services/look", Staff(ReadCustomers), CUSTOMER, &[NO_SERVICE]),
    writes(
        "/api/services/link",
        Staff(EditConnectors),
        CUSTOMER,
        &[("connector", "00000000-0000-7000-8000-000000000000"), ("service", "acme01")],
    ),
    writes("/api/services/unlink", Staff(EditConnectors), CUSTOMER, &[NO_SERVICE]),
    reads("/api/customers/new", Staff(EditCustomers), SCOPE, &[]),
    writes(
        "/api/customers/create",
        Staff(EditCustomers),
        Some(("organization", Organization)),
        &[
            ("name", "Nia Novak"),
            ("email", "nia@novak.example"),
            ("user_name", ""),
            ("company", ""),
            ("reference", ""),
            ("language", "en"),
            ("first_password", "later"),
        ],
    ),
    writes("/api/customers/invite", Staff(SendLink), CUSTOMER, &[]),
    writes(
        "/api/customers/change",
        Staff(EditCustomers),
        CUSTOMER,
        &[
            ("name", "Somebody Else"),
            ("company", ""),
            ("reference", ""),
            ("user_name", ""),
            ("language", "en"),
            ("stamp", "0"),
        ],
    ),
    writes("/api/customers/suspend", Staff(EditCustomers), CUSTOMER, &[WHY]),
    writes("/api/customers/resume", Staff(EditCustomers), CUSTOMER, &[]),
    writes("/api/customers/delete", Staff(EditCustomers), CUSTOMER, &[("typed", "Casey Thornton")]),
    reads("/api/customers/activity", Staff(ReadCustomers), CUSTOMER, &[]),
    reads("/api/customers/deletion", Staff(EditCustomers), CUSTOMER, &[]),
    reads("/api/customers/find", Staff(ReadCustomers), SCOPE, &[]),
    reads("/api/customers/scopes", Staff(ReadCustomers), None, &[]),
    reads("/api/customers/view", Staff(ReadCustomers), CUSTOMER, &[]),
    reads("/api/customers/reset-desk", Staff(ReadCustomers), CUSTOMER, &[]),
    writes("/api/customers/send-link", Staff(SendLink), CUSTOMER, &[WHY, NO_TICKET]),
    writes(
        "/api/customers/type-password",
        Staff(SetPassword),
        CUSTOMER,
        &[NEW, RETYPE, WHY, NO_TICKET],
    ),
    writes("/api/customers/generate-password", Staff(SetPassword), CUSTOMER, &[WHY, NO_TICKET]),
    reads("/api/resets/progress", Staff(ReadCustomers), OF_RESET, &[]),
    writes("/api/resets/retry", Staff(SendLink), OF_RESET, &[NO_PLACE]),
    writes("/api/resets/give-up", Staff(SetPassword), OF_RESET, &[NO_PLACE, WHY]),
    writes(
        "/api/callers/check",
        Staff(VerifyCallers),
        OF_CUSTOMER,
        &[FOR_PASSWORD, ("method", "mail")],
    ),
    writes(
        "/api/callers/check",
        Staff(RemoveFactors),
        OF_CUSTOMER,
        &[FOR_FACTOR, ("method", "mail")],
    ),
    writes(
        "/api/callers/check",
        Staff(RemoveFactors),
        OF_MEMBER,
        &[FOR_FACTOR, ("method", "mail")],
    ),
    writes(
        "/api/callers/verify",
        Staff(VerifyCallers),
        OF_CUSTOMER,
        &[FOR_PASSWORD, ("code", "000000")],
    ),
    writes(
        "/api/callers/verify",
        Staff(RemoveFactors),
        OF_CUSTOMER,
        &[FOR_FACTOR, ("code", "000000")],
    ),
    writes(
        "/api/callers/verify",
        Staff(RemoveFactors),
        OF_MEMBER,
        &[FOR_FACTOR, ("code", "000000")],
    ),
    writes(
        "/api/callers/check",
        Staff(ChangeEmail),
        OF_CUSTOMER,
        &[FOR_EMAIL, ("method", "account")],
    ),
    writes(
        "/api/callers/verify",
        Staff(ChangeEmail),
        OF_CUSTOMER,
        &[FOR_EMAIL, ("code", "000000")],
    ),
    reads("/api/email-change/own", Oneself, None, &[]),
    writes("/api/email-change/ask-own", Oneself, None, &[("email", "me@elsewhere.example")]),
    writes("/api/email-change/keep-own", Oneself, None, &[]),
    reads("/api/email-change/desk", Staff(ReadCustomers), OF_CUSTOMER, &[]),
    writes(
        "/api/email-change/ask",
        Staff(ChangeEmail),
        OF_CUSTOMER,
        &[("email", "they@elsewhere.example"), WHY, NO_TICKET, ("second", "true")],
    ),
    writes(
        "/api/email-change/approve",
        Staff(ChangeEmail),
        OF_CUSTOMER,
        &[("change", "00000000-0000-7000-8000-000000000000"), WHY, NO_TICKET],
    ),
    writes("/api/email-change/stop", Staff(ChangeEmail), OF_CUSTOMER, &[]),
    reads(
        "/api/email-change/keep-link",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000")],
    ),
    writes(
        "/api/email-change/keep-by-link",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000")],
    ),
    reads(
        "/api/email-change/confirm-link",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000")],
    ),
    writes(
        "/api/email-change/confirm-by-link",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000")],
    ),
    reads("/api/lost-factor/view", Staff(ReadCustomers), OF_CUSTOMER, &[]),
    reads("/api/lost-factor/view", Staff(ReadSettings), OF_MEMBER, &[]),
    writes("/api/lost-factor/remove", Staff(RemoveFactors), OF_CUSTOMER, &[WHY, NO_TICKET]),
    writes("/api/lost-factor/remove", Staff(RemoveFactors), OF_MEMBER, &[WHY, NO_TICKET]),
    writes("/api/lost-factor/stop", Staff(RemoveFactors), OF_CUSTOMER, &[]),
    writes("/api/lost-factor/stop", Staff(RemoveFactors), OF_MEMBER, &[]),
    writes("/api/lost-factor/keep", Oneself, None, &[]),
    reads(
        "/api/lost-factor/link",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000")],
    ),
    writes(
        "/api/lost-factor/keep-by-link",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000")],
    ),
    writes(
        "/api/customers/close-dispute",
        Staff(CloseDisputes),
        Some(("dispute", Dispute)),
        &[WHY],
    ),
    writes("/api/customers/cancel-links", Staff(SendLink), CUSTOMER, &[]),
    writes("/api/forgotten/ask", Everybody, None, &[("name", "nobody@nowhere.example")]),
    reads(
        "/api/forgotten/link",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000"), ("purpose", "reset")],
    ),
    reads(
        "/api/forgotten/ask-passkey",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000")],
    ),
    writes(
        "/api/forgotten/use",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000"), NEW, RETYPE],
    ),
    writes(
        "/api/forgotten/dispute",
        Everybody,
        None,
        &[("link", "00000000-0000-7000-8000-000000000000")],
    ),
    reads("/api/imports/list", Staff(EditCustomers), None, &[]),
    reads("/api/imports/view", Staff(EditCustomers), JOB, &[]),
    reads("/api/jobs/progress", Staff(EditCustomers), JOB, &[("kind", "import")]),
    writes(
        "/api/imports/map",
        Staff(EditCustomers),
        JOB,
        &[
            ("organization", "00000000-0000-7000-8000-000000000000"),
            ("reference", ""),
            ("name", "0"),
            ("email", "1"),
            ("company", ""),
            ("user_name", ""),
            ("language", ""),
            ("consent", ""),
        ],
    ),
    writes("/api/imports/remap", Staff(EditCustomers), JOB, &[]),
    writes("/api/imports/start", Staff(EditCustomers), JOB, &[]),
    writes("/api/jobs/change", Staff(EditCustomers), JOB, &[("kind", "import"), ("wish", "pause")]),
    reads("/api/organization/mail", Staff(ReadSettings), SCOPE, &[]),
    writes(
        "/api/organization/set-mail",
        Staff(EditMail),
        SCOPE,
        &[("source", "inherited"), ("smtp_password", "")],
    ),
    reads("/api/organization/brand", Staff(ReadSettings), SCOPE, &[]),
    writes(
        "/api/organization/set-brand",
        Staff(EditBrand),
        SCOPE,
        &[("name", "Brand"), ("language", "en"), ("corners", "soft"), ("letters", "system")],
    ),
    reads("/api/organization/letters", Staff(ReadSettings), SCOPE, &[]),
    reads("/api/organization/letter", Staff(ReadSettings), SCOPE, LETTER),
    writes(
        "/api/organization/look-at-letter",
        Staff(EditBrand),
        SCOPE,
        &[("kind", "test"), ("language", "en"), ("subject", "A test"), ("text", "Works.")],
    ),
    writes(
        "/api/organization/set-letter",
        Staff(EditBrand),
        SCOPE,
        &[("kind", "test"), ("language", "en"), ("subject", "A test"), ("text", "Works.")],
    ),
    writes("/api/organization/restore-letter", Staff(EditBrand), SCOPE, LETTER),
    writes("/api/organization/remove-picture", Staff(EditBrand), SCOPE, &[("picture", "logo")]),
    writes("/api/organization/make-dkim", Staff(EditMail), SCOPE, &[]),
    writes("/api/organization/switch-dkim", Staff(EditMail), SCOPE, &[("on", "true")]),
    writes("/api/organization/remove-dkim", Staff(EditMail), SCOPE, &[]),
    writes("/api/organization/test-mail", Staff(EditMail), SCOPE, &[]),
    reads("/api/organization/mail-log", Staff(ReadSettings), SCOPE, &[]),
    reads("/api/organization/logged-mail", Staff(ReadSettings), Some(("mail", Mail)), &[]),
    writes("/api/organization/send-mail-again", Staff(EditMail), Some(("mail", Mail)), &[WHY]),
    reads("/api/organization/webhooks", Staff(ReadSettings), SCOPE, &[]),
    reads("/api/organization/webhook", Staff(ReadSettings), HOOK, &[]),
    writes(
        "/api/organization/add-webhook",
        Staff(EditConnectors),
        SCOPE,
        &[("address", "https://hooks.example/"), ("reset_done", "true")],
    ),
    writes(
        "/api/organization/set-webhook",
        Staff(EditConnectors),
        HOOK,
        &[("address", "https://hooks.example/other"), ("reset_done", "true")],
    ),
    writes("/api/organization/test-webhook", Staff(EditConnectors), HOOK, &[]),
    writes("/api/organization/switch-webhook", Staff(EditConnectors), HOOK, &[("on", "true")]),
    writes("/api/organization/renew-webhook-secret", Staff(EditConnectors), HOOK, &[]),
    writes("/api/organization/remove-webhook", Staff(EditConnectors), HOOK, &[]),
    writes(
        "/api/organization/send-event-again",
        Staff(EditConnectors),
        Some(("message", Message)),
        &[],
    ),
    reads("/api/organization/api-keys", Staff(ReadSettings), SCOPE, &[]),
    writes(
        "/api/organization/make-api-key",
        Staff(EditApiKeys),
        SCOPE,
        &[("name", "Billing"), ("read_customers", "true")],
    ),
    writes("/api/organization/revoke-api-key", Staff(EditApiKeys), Some(("key", ApiKey)), &[]),
    reads("/api/many/view", Staff(EditCustomers), Some(("picked", Customer)), &[]),
    writes(
        "/api/many/send",
        Staff(EditCustomers),
        Some(("picked", Customer)),
        &[WHY, NO_TICKET, ("per_minute", "60"), ("typed", "1")],
    ),
    reads("/api/many/job", Staff(EditCustomers), JOB, &[("kind", "send_links")]),
    reads("/api/many/job", Owners, JOB, &[("kind", "staff_links")]),
    reads("/api/many/staff", Owners, SCOPE, &[]),
    writes("/api/many/stop-staff", Owners, SCOPE, &[WHY, NO_TICKET, ("typed", "1")]),
    reads("/api/customers/export", Staff(EditCustomers), SCOPE, &[]),
    reads("/api/organization/policy", Staff(ReadSettings), SCOPE, &[]),
    writes(
        "/api/organization/set-rule",
        Staff(EditPolicy),
        SCOPE,
        &[("rule", "link_minutes"), ("value", "10"), ("ceiling", "")],
    ),
    writes("/api/organization/set-blocked-words", Staff(EditPolicy), SCOPE, &[("words", "whale")]),
    reads("/api/organization/staff", Staff(ReadSettings), SCOPE, &[]),
    reads("/api/organization/staff-member", Staff(ReadSettings), MEMBER, &[]),
    writes(
        "/api/organization/invite",
        Staff(ManageStaff),
        SCOPE,
        &[("name", "Nova"), ("email", "nova@new.example"), ("role", "agent"), ("language", "en")],
    ),
    writes("/api/organization/invite-again", Staff(ManageStaff), MEMBER, &[]),
    writes("/api/organization/change-role", Staff(ManageStaff), MEMBER, &[("role", "auditor")]),
    writes("/api/organization/suspend-staff", Staff(ManageStaff), MEMBER, &[]),
    writes("/api/organization/resume-staff", Staff(ManageStaff), MEMBER, &[]),
    writes("/api/organization/send-staff-link", Staff(ManageStaff), MEMBER, &[WHY]),
    reads("/api/organizations/list", Staff(ReadSettings), None, &[]),
    reads("/api/organizations/view", Staff(ReadSettings), ORGANIZATION, &[]),
    reads("/api/organizations/new", Staff(EditOrganizations), SCOPE, &[]),
    writes(
        "/api/organizations/add",
        Staff(EditOrganizations),
        SCOPE,
        &[("name", "Tidal Media"), ("door", "own"), ("slug", "tidal-media")],
    ),
    writes(
        "/api/organizations/rename",
        Staff(EditOrganizations),
        ORGANIZATION,
        &[("name", "Somebody Else")],
    ),
    writes(
        "/api/organizations/move",
        Staff(EditOrganizations),
        ORGANIZATION,
        &[("to", "00000000-0000-7000-8000-000000000000")],
    ),
    writes(
        "/api/organizations/move",
        Staff(EditOrganizations),
        Some(("to", Organization)),
        &[("organization", "00000000-0000-7000-8000-000000000000")],
    ),
    writes("/api/organizations/suspend", Staff(EditOrganizations), ORGANIZATION, &[]),
    writes("/api/organizations/resume", Staff(EditOrganizations), ORGANIZATION, &[]),
    writes(
        "/api/organizations/give-site",
        Staff(EditOrganizations),
        ORGANIZATION,
        &[("slug", "tidal-media")],
    ),
    writes(
        "/api/organizations/set-hosts",
        Operators(EditOrganizations),
        ORGANIZATION,
        &[("hosts", "login.localhost")],
    ),
    writes(
        "/api/organizations/delete",
        Staff(EditOrganizations),
        ORGANIZATION,
        &[("typed", "Fjord IT")],
    ),
    reads("/api/resets/find", Staff(ReadCustomers), Some(("query[scope]", Organization)), &[]),
    reads("/api/home", Staff(ReadCustomers), None, &[]),
    reads("/api/password/suggest", Everybody, None, &[]),
    writes("/api/preferences/set", Everybody, None, &[("here", "/login")]),
    writes("/api/session/sign-in", Everybody, None, &[("name", ""), ("password", "")]),
    reads("/api/session/ask-passkey", Everybody, None, &[]),
    reads("/api/session/forced-change", Everybody, None, &[]),
    writes("/api/session/choose-password", Everybody, None, &[NEW, RETYPE]),
    writes("/api/session/sign-out", Oneself, None, &[]),
    writes("/api/session/step-up", Oneself, None, &[("password", "")]),
    reads("/api/session/me", Everybody, None, &[]),
    reads("/api/session/factor", Everybody, None, &[]),
    writes("/api/session/prove-factor", Everybody, None, &[("code", "")]),
    reads("/api/factor/view", Oneself, None, &[]),
    writes("/api/factor/begin", Oneself, None, &[("require", "yes"), ("replaces", "true")]),
    writes("/api/factor/cancel", Oneself, None, &[]),
    writes("/api/factor/confirm", Oneself, None, &[("name", "Phone"), ("code", "123456")]),
    writes("/api/factor/make-codes", Oneself, None, &[]),
    writes("/api/factor/save-codes", Oneself, None, &[]),
    reads("/api/factor/ask-passkey", Oneself, None, &[]),
    writes("/api/factor/begin-passkey", Oneself, None, &[]),
    writes("/api/factor/add-passkey", Oneself, None, &[("name", "Laptop"), ("answer", "")]),
    writes("/api/factor/remove", Oneself, Some(("factor", Factor)), &[]),
    writes("/api/factor/turn-off", Oneself, None, &[]),
    reads("/api/factor/devices", Oneself, None, &[]),
    writes("/api/factor/forget-device", Oneself, Some(("device", Device)), &[]),
];

/// Every page that names something, and every file.
const PAGES: &[(&str, For, Thing)] = &[
    ("/customers/:id", Staff(ReadCustomers), Customer),
    ("/customers/:id/account", Staff(ReadCustomers), Customer),
    ("/customers/:id/services", Staff(ReadCustomers), Customer),
    ("/customers/:id/activity", Staff(ReadCustomers), Customer),
    ("/customers/:id/delete", Staff(ReadCustomers), Customer),
    ("/customers/:id/password", Staff(ReadCustomers), Customer),
    ("/customers/:id/factor", Staff(ReadCustomers), Customer),
    ("/customers/:id/email", Staff(ReadCustomers), Customer),
    ("/customers/import/:job", Staff(EditCustomers), Job),
    ("/customers/import/:job/report", Staff(EditCustomers), Job),
    ("/customers/import/:job/problems", Staff(EditCustomers), Job),
    ("/customers/links/:job", Staff(EditCustomers), Job),
    ("/customers/links/:job/report", Staff(EditCustomers), Job),
    ("/audit/:id", Staff(ReadAudit), Entry),
    ("/organization/staff/:id", Staff(ReadSettings), Member),
    ("/organization/staff/passwords/:job", Owners, Job),
    ("/organization/staff/passwords/:job/report", Owners, Job),
    ("/organization/staff/passwords?scope=:id", Owners, Organization),
    ("/organization/connectors/:id", Staff(ReadSettings), Connector),
    ("/organization/connectors/:id/import", Staff(EditConnectors), Connector),
    ("/organization/staff/:id/factor", Staff(ReadSettings), Member),
    ("/organization/mail/:id", Staff(ReadSettings), Mail),
    ("/resets/:id", Staff(ReadCustomers), Reset),
    ("/approvals/:id", Staff(RemoveFactors), Approval),
    ("/organization/webhooks/:id", Staff(ReadSettings), Hook),
    ("/organizations/:id", Staff(ReadSettings), Organization),
    ("/organizations/new?scope=:id", Staff(EditOrganizations), Organization),
    ("/customers?scope=:id", Staff(ReadCustomers), Organization),
    ("/customers/new?scope=:id", Staff(EditCustomers), Organization),
    ("/customers/export?scope=:id", Staff(EditCustomers), Organization),
    ("/audit?scope=:id", Staff(ReadAudit), Organization),
    ("/resets?scope=:id", Staff(ReadCustomers), Organization),
    ("/organization/policy?scope=:id", Staff(ReadSettings), Organization),
    ("/organization/staff?scope=:id", Staff(ReadSettings), Organization),
    ("/organization/email?scope=:id", Staff(ReadSettings), Organization),
    ("/organization/connectors?scope=:id", Staff(ReadSettings), Organization),
    ("/organization/connectors/new?scope=:id", Staff(ReadSettings), Organization),
    ("/organization/mail?scope=:id", Staff(ReadSettings), Organization),
    ("/organization/webhooks?scope=:id", Staff(ReadSettings), Organization),
    ("/organization/api?scope=:id", Staff(ReadSettings), Organization),
];

/// Pages that name something which is nobody's organization's: a link that was mailed, a rule, a
/// mail of the demo.
const OTHER_PAGES: [&str; 9] = [
    "/reset/:link",
    "/invitation/:link",
    "/confirm/:link",
    "/keep/:link",
    "/keep-address/:link",
    "/new-address/:link",
    "/organization/policy/:rule",
    "/organization/templates/:kind",
    "/s/:slug",
];

/// The demo's organizations, each with the one above it.
const ORGANIZATIONS: [(&str, Option<&str>); 4] = [
    ("Rekey Operations", None),
    ("Northwind Backup", Some("Rekey Operations")),
    ("Fjord IT", Some("Northwind Backup")),
    ("Contoso Cloud", Some("Rekey Operations")),
];

/// What does not exist.
const NONE: Uuid = Uuid::from_u128(0x0198_c1c1_0000_7000_8000_0000_0000_0000);

/// Whether what is `below`'s is also seen by those of `above`.
fn is_within(below: &str, above: &str) -> bool {
    let mut at = Some(below);
    while let Some(name) = at {
        if name == above {
            return true;
        }
        at = ORGANIZATIONS.iter().find(|(known, _)| *known == name).and_then(|(_, parent)| *parent);
    }
    false
}

/// Somebody who asks.
struct Asker {
    name: String,
    cookie: String,
    /// Role and organization of staff.
    staff: Option<(Role, &'static str)>,
}

/// What each organization has one of.
type Things = BTreeMap<(&'static str, Thing), Uuid>;

struct Matrix {
    world: World,
    sql: Sql,
    things: Things,
    askers: Vec<Asker>,
}

impl Matrix {
    fn new(world: World) -> Self {
        let sql = world.wait(async { Sql::of(&world.database) });
        let (mut askers, mut things) = (Vec::new(), Things::new());
        for (organization, _) in ORGANIZATIONS {
            for role in Role::ALL {
                let email = format!(
                    "{}@{}.matrix.example",
                    role.word(),
                    organization.to_lowercase().replace(' ', "-")
                );
                let request = CreateStaff {
                    organization: organization.into(),
                    email: email.clone(),
                    name: format!("{} of {organization}", role.word()),
                    role,
                };
                let password = world.wait(world.portal.create_staff(request)).unwrap();
                askers.push((email, role, organization, password.reveal().to_owned()));
            }
        }
        let mut askers: Vec<Asker> = askers
            .into_iter()
            .map(|(email, role, organization, password)| {
                let slug = match organization {
                    "Rekey Operations" => "/s/operator",
                    "Contoso Cloud" => "/s/contoso",
                    _ => "",
                };
                let cookie = session(&world, slug, (&email, &password));
                Asker { name: email, cookie, staff: Some((role, organization)) }
            })
            .collect();
        for (organization, _) in ORGANIZATIONS {
            things.extend(things_of(&world, &sql, organization, &askers[0].cookie));
        }
        let cookie = session(&world, "", ("casey@acme.example", portal::DEMO_PASSWORD));
        askers.push(Asker { name: "a customer".into(), cookie, staff: None });
        askers.push(Asker { name: "nobody".into(), cookie: String::new(), staff: None });
        Self { world, sql, things, askers }
    }

    /// Everything that is stored, but for when sessions were used last.
    fn stored(&self) -> BTreeSet<String> {
        let all = self.world.wait(self.sql.everything());
        all.lines().filter(|line| !line.starts_with("sessions")).map(str::to_owned).collect()
    }

    /// The same, but for what is counted against floods.
    fn stored_but_throttles(&self) -> BTreeSet<String> {
        self.stored().into_iter().filter(|line| !line.starts_with("throttles")).collect()
    }

    /// Fails when anything is stored otherwise than before.
    #[track_caller]
    fn nothing_changed(&self, before: &BTreeSet<String>, who: &str) {
        let after = self.stored();
        let added: Vec<_> = after.difference(before).collect();
        let removed: Vec<_> = before.difference(&after).collect();
        assert!(
            added.is_empty() && removed.is_empty(),
            "{who} changed something: {added:#?} instead of {removed:#?}"
        );
    }

    fn call(&self, asker: &Asker, function: &Function, id: Option<Uuid>) -> Answer {
        let id = id.map(|id| id.to_string());
        let mut fields = function.fields.to_vec();
        if let (Some((field, _)), Some(id)) = (function.about, &id) {
            fields.push((field, id));
        }
        // Where a query is asked for, an empty one is none.
        if fields.is_empty() && function.path.ends_with("/find") {
            fields.push(("query[before]", ""));
        }
        self.world.ask(post(function.path, &fields).with("cookie", &asker.cookie))
    }

    /// Things that are not the asker's to see.
    fn foreign(&self, asker: &Asker, thing: Thing) -> Vec<Uuid> {
        let seen =
            |organization: &str| asker.staff.is_some_and(|(_, own)| is_within(organization, own));
        self.things
            .iter()
            .filter(|((organization, kind), _)| *kind == thing && !seen(organization))
            .map(|(_, id)| *id)
            .collect()
    }

    fn own(&self, asker: &Asker, thing: Thing) -> Option<Uuid> {
        let organization = asker.staff.map_or("Northwind Backup", |(_, own)| own);
        self.things.get(&(organization, thing)).copied()
    }
}

/// A session at a site, with a fresh proof of the password.
fn session(world: &World, site: &str, (email, password): (&str, &str)) -> String {
    let cookie_of = |answer: &Answer| {
        let cookies = answer.cookies();
        let session = cookies.iter().find(|cookie| cookie.contains("rekey="));
        let session = session.unwrap_or_else(|| panic!("{email}: {answer:?}"));
        session.split(';').next().unwrap_or_default().to_owned()
    };
    let fields = [("name", email), ("password", password)];
    let referrer = format!("http://127.0.0.1:3000{site}/login");
    let answer = world.ask(post("/api/session/sign-in", &fields).with("referer", &referrer));
    let cookie = cookie_of(&answer);
    let proof = [("password", password)];
    cookie_of(&world.ask(post("/api/session/step-up", &proof).with("cookie", &cookie)))
}

/// One of each, of an organization; made by the operator where the demo has none.
fn things_of(
    world: &World,
    sql: &Sql,
    organization: &'static str,
    operator: &str,
) -> Vec<((&'static str, Thing), Uuid)> {
    let one = |query: &'static str, id: Uuid| -> Uuid {
        let found: Vec<Uuid> = world.wait(sql.column(query, values![id]));
        *found.first().unwrap_or_else(|| panic!("{organization} has none: {query}"))
    };
    let id: Vec<Uuid> = world
        .wait(sql.column("SELECT id FROM organizations WHERE name = $1", values![organization]));
    let id = id[0];
    let email = format!("{id}@invited.example");
    let organization_field = id.to_string();
    let fields = [
        ("organization", organization_field.as_str()),
        ("name", "Ina Invited"),
        ("email", &email),
        ("user_name", ""),
        ("company", ""),
        ("reference", ""),
        ("language", "en"),
        ("first_password", "invitation"),
    ];
    let answer = world.ask(post("/api/customers/create", &fields).with("cookie", operator));
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let customer =
        one("SELECT id FROM accounts WHERE organization_id = $1 AND name = 'Ina Invited'", id);
    let member = one(
        "SELECT id FROM accounts WHERE organization_id = $1 AND role = 'agent' AND email LIKE '%.matrix.example'",
        id,
    );
    let (job, dispute) = (Uuid::from_u128(id.as_u128() ^ 1), Uuid::from_u128(id.as_u128() ^ 2));
    world.wait(sql.run(
        "INSERT INTO jobs (id, kind, organization_id, created_by, state, plan, total, position, created, updated, unchanged, refused, attempts, due_at, created_at, updated_at) VALUES ($1, 'import', $2, $3, 'draft', '{}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
        values![job, id, member],
    ));
    world.wait(sql.run(
        "INSERT INTO disputes (id, account_id, organization_id, created_at) VALUES ($1, $2, $3, 0)",
        values![dispute, customer, id],
    ));
    // One that is spared the second factor, of somebody there.
    let device = one(
        "SELECT d.id FROM devices d JOIN accounts a ON a.id = d.account_id WHERE a.organization_id = $1 LIMIT 1",
        id,
    );
    let forever = 4_000_000_000_000_000_i64;
    world.wait(
        sql.run("UPDATE devices SET remembered_until = $2 WHERE id = $1", values![device, forever]),
    );
    // A second factor of somebody there who has never signed in.
    let factor = Uuid::from_u128(id.as_u128() ^ 3);
    world.wait(sql.run(
        "INSERT INTO factors (id, account_id, kind, name, sealed, last_step, created_at) SELECT $1, id, 'totp', 'Phone', $3, 0, 0 FROM accounts WHERE id = $2",
        values![factor, member, vec![0_u8]],
    ));
    // One that is not in use, so that nobody is asked anything.
    let connector = Uuid::from_u128(id.as_u128() ^ 4);
    world.wait(sql.run(
        "INSERT INTO connectors (id, organization_id, kind, name, enabled, settings, created_at, updated_at) VALUES ($1, $2, 'comet', 'Ina Invited’s backup', FALSE, '{}', 0, 0)",
        values![connector, id],
    ));
    let (hook, message) = (Uuid::from_u128(id.as_u128() ^ 6), Uuid::from_u128(id.as_u128() ^ 7));
    world.wait(sql.run(
        "INSERT INTO event_hooks (id, organization_id, address, events, sealed, state, created_at, updated_at) VALUES ($1, $2, 'https://hooks.example/', 'reset.done', $3, 'off', 0, 0)",
        values![hook, id, vec![0_u8]],
    ));
    world.wait(sql.run(
        "INSERT INTO event_deliveries (id, hook_id, event, happened_at, organization_id, actor_kind, state, attempts, due_at, expires_at, finished_at) VALUES ($1, $2, 'test', 0, $3, 'staff', 'given_up', 1, 0, 0, 4000000000000000)",
        values![message, hook, id],
    ));
    let key = Uuid::from_u128(id.as_u128() ^ 8);
    world.wait(sql.run(
        "INSERT INTO api_keys (id, organization_id, made_by, name, permissions, public_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, 'Billing', 'read_customers', $4, $5, 0, 4000000000000000)",
        values![key, id, member, key.to_string().as_str(), vec![0_u8]],
    ));
    // About somebody there, asked by somebody who is gone.
    let approval = Uuid::from_u128(id.as_u128() ^ 9);
    world.wait(sql.run(
        "INSERT INTO approvals (id, organization_id, action, account_id, asked_by, reason, state, asked_at, expires_at) VALUES ($1, $2, 'remove_factor', $3, $1, 'Ina Invited’s phone', 'asked', 0, 4000000000000000)",
        values![approval, id, member],
    ));
    [
        (ApiKey, key),
        (Approval, approval),
        (Factor, factor),
        (Connector, connector),
        (Hook, hook),
        (Message, message),
        (Customer, customer),
        (Member, member),
        (Organization, id),
        (Job, job),
        (Dispute, dispute),
        (Entry, one("SELECT id FROM audit_entries WHERE organization_id = $1 ORDER BY id LIMIT 1", id)),
        (Mail, one("SELECT m.id FROM outbox m JOIN accounts a ON a.id = m.account_id WHERE a.organization_id = $1 LIMIT 1", id)),
        (Session, one("SELECT s.id FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE a.organization_id = $1 LIMIT 1", id)),
        (Device, device),
        (Reset, one("SELECT r.id FROM resets r JOIN accounts a ON a.id = r.account_id WHERE a.organization_id = $1 AND a.name = 'Ina Invited'", id)),
    ]
    .map(|(thing, id)| ((organization, thing), id))
    .to_vec()
}

/// An answer without what differs from request to request.
fn told(answer: &Answer, id: Option<Uuid>) -> (StatusCode, String) {
    let body = id.map_or(answer.body.clone(), |id| answer.body.replace(&id.to_string(), "ID"));
    (answer.status, body)
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)
}

fn ask_every_function(matrix: &Matrix) {
    let known: BTreeSet<&str> = FUNCTIONS.iter().map(|function| function.path).collect();
    let there: BTreeSet<&str> = server_fn_paths().map(|(path, _)| path).collect();
    assert_eq!(known, there, "each function is in the table, and nothing else is");
    for asker in &matrix.askers {
        let who = &asker.name;
        let before = matrix.stored();
        for function in FUNCTIONS {
            let path = function.path;
            let permitted = match (function.who, asker.staff) {
                // What one does about oneself, and at the door, has stories of its own.
                (Everybody, _) | (Oneself, Some(_)) if function.about.is_none() => continue,
                (Everybody, _) => true,
                (Oneself, _) => !asker.cookie.is_empty(),
                (Staff(permission), Some((role, _))) => role.may(permission),
                (Operators(permission), Some((role, organization))) => {
                    role.may(permission) && organization == ORGANIZATIONS[0].0
                }
                (Owners, Some((role, _))) => role == Role::Owner,
                (Staff(_) | Operators(_) | Owners, None) => false,
            };
            if asker.name == "a customer" && function.who == Oneself && function.about.is_none() {
                continue;
            }
            let Some((_, thing)) = function.about else {
                let answer = matrix.call(asker, function, None);
                let expected = if permitted && function.reads {
                    answer.status == StatusCode::OK
                } else {
                    permitted || is_refusal(answer.status)
                };
                assert!(expected, "{who} at {path}: {answer:?}");
                continue;
            };
            let none = NONE;
            let missing = told(&matrix.call(asker, function, Some(none)), Some(none));
            assert!(is_refusal(missing.0), "{who} at {path}, none: {missing:?}");
            if permitted {
                assert_eq!(missing.0, StatusCode::NOT_FOUND, "{who} at {path}, none: {missing:?}");
            }
            for id in matrix.foreign(asker, thing) {
                let foreign = told(&matrix.call(asker, function, Some(id)), Some(id));
                assert_eq!(foreign, missing, "{who} at {path}, another organization’s");
            }
            // What is one's own, where the role does not allow it; and where it does, to be read.
            let Some(own) = matrix.own(asker, thing) else { continue };
            if !permitted {
                let answer = matrix.call(asker, function, Some(own));
                assert!(is_refusal(answer.status), "{who} at {path}, their own: {answer:?}");
            } else if function.reads && thing != Job {
                let answer = matrix.call(asker, function, Some(own));
                assert_eq!(answer.status, StatusCode::OK, "{who} at {path}, their own: {answer:?}");
            }
        }
        // That somebody looked at a customer is recorded.
        if asker.staff.is_none() {
            matrix.nothing_changed(&before, who);
        } else {
            let of_looks = |line: &String| {
                line.starts_with("audit_")
                    || line.starts_with("throttles") && line.contains("view:")
            };
            let after: BTreeSet<_> = matrix.stored().into_iter().filter(|l| !of_looks(l)).collect();
            let before: BTreeSet<_> = before.into_iter().filter(|l| !of_looks(l)).collect();
            let changed: Vec<_> = after.symmetric_difference(&before).collect();
            assert!(changed.is_empty(), "{who} changed something: {changed:#?}");
        }
    }
}

fn ask_for_every_page(matrix: &Matrix) {
    let known: BTreeSet<&str> = PAGES
        .iter()
        .map(|(path, ..)| *path)
        .filter(|path| {
            !path.contains('?') && !path.ends_with("/report") && !path.ends_with("/problems")
        })
        .chain(OTHER_PAGES)
        .collect();
    let listed = leptos_axum::generate_route_list(app::App);
    let there: BTreeSet<String> = listed
        .iter()
        .map(|route| route.path().replace('{', ":").replace('}', ""))
        .filter(|path| path.contains(':'))
        .map(|path| if path.starts_with("/s/:slug") { "/s/:slug".into() } else { path })
        .collect();
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    assert_eq!(known, there, "each page that names something is in the table, and nothing else is");
    for asker in &matrix.askers {
        let who = &asker.name;
        let before = matrix.stored();
        for (path, whom, thing) in PAGES {
            let ask = |id: Uuid| {
                let path = path.replace(":id", &id.to_string()).replace(":job", &id.to_string());
                matrix.world.ask(get(&path).with("cookie", &asker.cookie))
            };
            let permitted = match (whom, asker.staff) {
                (Staff(permission), Some((role, _))) => role.may(*permission),
                (Owners, Some((role, _))) => role == Role::Owner,
                _ => false,
            };
            let missing = ask(NONE);
            let to_the_door = asker.cookie.is_empty();
            let fits = |answer: &Answer| {
                if to_the_door {
                    answer.status.is_redirection()
                        && answer.header("location").starts_with("/login")
                } else if permitted {
                    answer.status == StatusCode::NOT_FOUND
                } else {
                    is_refusal(answer.status)
                }
            };
            assert!(
                fits(&missing),
                "{who} at {path}, none: {} {}",
                missing.status,
                missing.header("location")
            );
            for id in matrix.foreign(asker, *thing) {
                let foreign = ask(id);
                assert_eq!(foreign.status, missing.status, "{who} at {path}, another’s");
                assert!(!foreign.body.contains("Ina Invited"), "{who} at {path}");
            }
            let own = matrix.own(asker, *thing).filter(|_| !permitted);
            if let Some(own) = own {
                let answer = ask(own);
                assert!(fits(&answer), "{who} at {path}, their own: {}", answer.status);
                assert!(!answer.body.contains("Ina Invited"), "{who} at {path}");
            }
        }
        matrix.nothing_changed(&before, who);
    }
}

/// What is there for those who need a second factor and have none.
const SETS_UP: [&str; 11] = [
    "/api/factor/view",
    "/api/factor/begin",
    "/api/factor/cancel",
    "/api/factor/confirm",
    "/api/factor/make-codes",
    "/api/factor/save-codes",
    "/api/factor/begin-passkey",
    "/api/factor/add-passkey",
    "/api/session/step-up",
    "/api/session/sign-out",
    "/api/session/me",
];

/// Once a second factor is needed, whoever has none is shown to setting one up from everywhere.
fn ask_without_a_factor(matrix: &Matrix) {
    matrix.world.wait(matrix.sql.run(
        "INSERT INTO policies (organization_id, rule, value) SELECT id, 'staff_factor_from', 0 FROM organizations WHERE name = $1",
        values!["Northwind Backup"],
    ));
    let owner = "owner@northwind-backup.matrix.example";
    let asker = matrix.askers.iter().find(|asker| asker.name == owner).expect("an owner");
    let before = matrix.stored();
    for function in FUNCTIONS {
        let path = function.path;
        if function.who == Everybody || SETS_UP.contains(&path) {
            continue;
        }
        let own = function.about.and_then(|(_, thing)| matrix.own(asker, thing));
        let answer = matrix.call(asker, function, own);
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}: {answer:?}");
        assert!(answer.body.contains("must_set_up_factor"), "{path}: {answer:?}");
    }
    for (path, _, thing) in PAGES {
        let own = matrix.own(asker, *thing).unwrap_or(NONE).to_string();
        let path = path.replace(":id", &own).replace(":job", &own);
        let answer = matrix.world.ask(get(&path).with("cookie", &asker.cookie));
        assert!(answer.status.is_redirection(), "{path}: {}", answer.status);
        assert!(!answer.body.contains("Ina Invited"), "{path}");
    }
    matrix.nothing_changed(&before, owner);
}

#[test]
fn roles_organizations_and_endpoints_on_sqlite() {
    let matrix = Matrix::new(World::new(None));
    ask_every_function(&matrix);
    ask_for_every_page(&matrix);
    api::ask_the_api(&matrix);
    ask_without_a_factor(&matrix);
}

#[test]
fn roles_organizations_and_endpoints_on_postgres() {
    let Some(cluster) = crate::postgres::cluster() else {
        eprintln!("SKIPPED: there is no PostgreSQL (REKEY_TEST_POSTGRES)");
        return;
    };
    let runtime = crate::world::runtime();
    let own = runtime.block_on(crate::postgres::Own::empty(&cluster));
    let matrix = Matrix::new(World::new(Some(own.database())));
    ask_every_function(&matrix);
    ask_for_every_page(&matrix);
    api::ask_the_api(&matrix);
    ask_without_a_factor(&matrix);
    drop(matrix);
    runtime.block_on(own.drop_it());
}
