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
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 6] = [
        Self::ReadCustomers,
        Self::EditCustomers,
        Self::SendLink,
        Self::SetPassword,
        Self::VerifyCallers,
        Self::CloseDisputes,
    ];
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
            Self::Agent => {
                !matches!(permission, Permission::EditCustomers | Permission::CloseDisputes)
            }
            Self::Auditor => permission == Permission::ReadCustomers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auditors_read_and_nothing_else() {
        for permission in Permission::ALL {
            assert_eq!(Role::Auditor.may(permission), permission == Permission::ReadCustomers);
            assert!(Role::Owner.may(permission));
        }
    }

    #[test]
    fn a_link_and_a_password_are_two_things() {
        assert!(Role::Agent.may(Permission::SendLink));
        assert!(!Role::Auditor.may(Permission::SendLink));
        assert_ne!(Permission::SendLink, Permission::SetPassword);
    }
}
