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
    /// Read, verify and export the audit log.
    ReadAudit,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 5] = [
        Self::ReadCustomers,
        Self::EditCustomers,
        Self::SendLink,
        Self::SetPassword,
        Self::ReadAudit,
    ];
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Agent, Self::Auditor];

    /// Whether this role has a permission. For [`Permission::SetPassword`] the policy may take it
    /// from agents.
    pub fn may(self, permission: Permission) -> bool {
        match self {
            Self::Owner | Self::Admin => true,
            Self::Agent => !matches!(permission, Permission::EditCustomers | Permission::ReadAudit),
            Self::Auditor => {
                matches!(permission, Permission::ReadCustomers | Permission::ReadAudit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auditors_read_and_nothing_else() {
        for permission in Permission::ALL {
            let reads = matches!(permission, Permission::ReadCustomers | Permission::ReadAudit);
            assert_eq!(Role::Auditor.may(permission), reads);
            assert!(Role::Owner.may(permission));
        }
    }

    #[test]
    fn the_help_desk_does_not_watch_itself() {
        assert!(!Role::Agent.may(Permission::ReadAudit));
        assert!(Role::Admin.may(Permission::ReadAudit));
    }

    #[test]
    fn a_link_and_a_password_are_two_things() {
        assert!(Role::Agent.may(Permission::SendLink));
        assert!(!Role::Auditor.may(Permission::SendLink));
        assert_ne!(Permission::SendLink, Permission::SetPassword);
    }
}
