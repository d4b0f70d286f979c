//! What members of staff may do, by role.

use serde::{Deserialize, Serialize};

use crate::account::Role;

/// Something a member of staff may do in their organization and below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Find customers and read about them.
    ReadCustomers,
    /// Create, change, suspend and delete customers.
    EditCustomers,
    /// Mail a customer a link to a new password.
    SendLink,
    /// Give a customer a password, typed or generated.
    SetPassword,
    /// Find out whether a caller is the customer.
    VerifyCallers,
    /// Close what a customer disputed.
    CloseDisputes,
    /// Read, verify and export the audit log.
    ReadAudit,
    /// Read how an organization is set up: its rules, its staff, its mail.
    ReadSettings,
    /// Change an organization's rules.
    EditPolicy,
    /// Invite, change, suspend and reset staff. Owners are the business of owners alone.
    ManageStaff,
    /// Change how an organization's mail is sent, and send mail again.
    EditMail,
    /// Remove the second factor of a customer, or of staff whom one manages, who lost it.
    RemoveFactors,
    /// Ask for another email address of a customer, agree to one that a colleague asked for, or stop
    /// a change.
    ChangeEmail,
    /// Set up the downstream systems of an organization, and link customers to their accounts there.
    EditConnectors,
    /// Add organizations below one's own, and rename, move, suspend and delete them.
    EditOrganizations,
    /// Make and revoke the keys by which programs use the API.
    EditApiKeys,
    /// Change how a front door looks and what it says.
    EditBrand,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 17] = [
        Self::ReadCustomers,
        Self::EditCustomers,
        Self::SendLink,
        Self::SetPassword,
        Self::VerifyCallers,
        Self::CloseDisputes,
        Self::ReadAudit,
        Self::ReadSettings,
        Self::EditPolicy,
        Self::ManageStaff,
        Self::EditMail,
        Self::RemoveFactors,
        Self::ChangeEmail,
        Self::EditConnectors,
        Self::EditOrganizations,
        Self::EditApiKeys,
        Self::EditBrand,
    ];

    /// Whether it changes nothing.
    pub fn only_reads(self) -> bool {
        matches!(self, Self::ReadCustomers | Self::ReadAudit | Self::ReadSettings)
    }
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Agent, Self::Auditor];

    /// Whether this role has a permission. For [`Permission::SetPassword`] the policy may take it
    /// from agents.
    pub fn may(self, permission: Permission) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => permission != Permission::CloseDisputes,
            Self::Agent => matches!(
                permission,
                Permission::ReadCustomers
                    | Permission::SendLink
                    | Permission::SetPassword
                    | Permission::VerifyCallers
            ),
            Self::Auditor => permission.only_reads(),
        }
    }

    /// Whether this role may make somebody `other`, or change, suspend or reset one who is.
    pub fn manages(self, other: Self) -> bool {
        self.may(Permission::ManageStaff) && (self == Self::Owner || other != Self::Owner)
    }

    /// Whether this role is as mighty as another one, or mightier.
    pub fn is_beside_or_above(self, other: Self) -> bool {
        let place = |role| Self::ALL.iter().position(|one| *one == role);
        place(self) <= place(other)
    }

    /// The word it is stored as.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Agent => "agent",
            Self::Auditor => "auditor",
        }
    }

    /// The role that is stored under a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auditors_read_and_nothing_else() {
        for permission in Permission::ALL {
            assert_eq!(Role::Auditor.may(permission), permission.only_reads());
            assert!(Role::Owner.may(permission));
        }
    }

    #[test]
    fn the_help_desk_does_not_watch_itself() {
        assert!(!Role::Agent.may(Permission::ReadAudit));
        assert!(Role::Admin.may(Permission::ReadAudit));
    }

    #[test]
    fn what_customers_dispute_is_the_business_of_owners() {
        for role in Role::ALL {
            assert_eq!(role.may(Permission::CloseDisputes), role == Role::Owner);
        }
    }

    #[test]
    fn lost_factors_and_addresses_are_the_business_of_owners_and_admins() {
        for role in Role::ALL {
            let expected = matches!(role, Role::Owner | Role::Admin);
            assert_eq!(role.may(Permission::RemoveFactors), expected);
            assert_eq!(role.may(Permission::ChangeEmail), expected);
            // Whoever does that also finds out who calls.
            assert!(!expected || role.may(Permission::VerifyCallers));
        }
    }

    #[test]
    fn owners_are_the_business_of_owners() {
        for role in Role::ALL {
            assert!(Role::Owner.manages(role));
            assert_eq!(Role::Admin.manages(role), role != Role::Owner);
            assert!(!Role::Agent.manages(role) && !Role::Auditor.manages(role));
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
    }

    #[test]
    fn nobody_stands_above_an_owner() {
        for role in Role::ALL {
            assert!(Role::Owner.is_beside_or_above(role) && role.is_beside_or_above(role));
            assert!(role.is_beside_or_above(Role::Auditor));
            assert_eq!(role.is_beside_or_above(Role::Owner), role == Role::Owner);
        }
    }

    #[test]
    fn organizations_are_the_business_of_owners_and_admins() {
        for role in Role::ALL {
            let expected = matches!(role, Role::Owner | Role::Admin);
            assert_eq!(role.may(Permission::EditOrganizations), expected);
        }
    }

    #[test]
    fn a_link_and_a_password_are_two_things() {
        assert!(Role::Agent.may(Permission::SendLink));
        assert!(!Role::Auditor.may(Permission::SendLink));
        assert_ne!(Permission::SendLink, Permission::SetPassword);
    }
}
