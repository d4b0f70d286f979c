//! Connectors as they are kept: their settings, and the secrets among them, which are sealed.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use model::{
    connector::{Field, Reason},
    id::ConnectorId,
    refusal::{FieldProblem, Problem},
};

use super::{Config, Connector, Kind};
use crate::{Portal, Result, keys::Keys, secrets::Secret, store::ConnectorRow};

/// The purpose of the seal of a connector's secrets: it opens for no other connector.
pub(crate) fn purpose(id: ConnectorId) -> String {
    format!("connector:{id}")
}

impl Config {
    /// The settings of a connector that is kept.
    pub fn of(row: &ConnectorRow, keys: &Keys) -> anyhow::Result<Self> {
        let plain = serde_json::from_str(&row.settings).context("settings of a connector")?;
        let secrets: BTreeMap<Field, String> = match &row.sealed {
            Some(sealed) => keys.open(&purpose(row.id), sealed)?,
            None => BTreeMap::new(),
        };
        let secrets = secrets.into_iter().map(|(field, text)| (field, Secret::new(text))).collect();
        Ok(Self { plain, secrets })
    }

    /// Its settings as they are kept, without the secrets.
    pub fn to_plain(&self) -> anyhow::Result<String> {
        serde_json::to_string(&self.plain).context("settings of a connector")
    }

    /// Its secrets as they are kept.
    pub fn to_sealed(&self, id: ConnectorId, keys: &Keys) -> anyhow::Result<Option<Vec<u8>>> {
        if self.secrets.is_empty() {
            return Ok(None);
        }
        let open: BTreeMap<Field, &str> =
            self.secrets.iter().map(|(field, secret)| (*field, secret.reveal())).collect();
        keys.seal(&purpose(id), &open).map(Some)
    }
}

impl Portal {
    /// A connector that is kept, to be used; and its kind.
    pub(crate) fn connector_of(
        &self,
        row: &ConnectorRow,
    ) -> Result<(&'static Kind, Arc<dyn Connector>)> {
        let (kind, connector) = self.usable(row)?;
        let connector = connector.map_err(|problems| unusable(row, &problems))?;
        Ok((kind, connector))
    }

    /// The same, or that the operator does not allow its address any more.
    pub(super) fn connector_allowed(
        &self,
        row: &ConnectorRow,
    ) -> Result<std::result::Result<Arc<dyn Connector>, Reason>> {
        match self.usable(row)?.1 {
            Ok(connector) => Ok(Ok(connector)),
            Err(problems) if problems.iter().any(is_not_allowed) => {
                Ok(Err(Reason::AddressNotAllowed))
            }
            Err(problems) => Err(unusable(row, &problems).into()),
        }
    }

    fn usable(&self, row: &ConnectorRow) -> Result<(&'static Kind, Made)> {
        let kind = Kind::of(&row.kind)
            .with_context(|| format!("connector {} is of the unknown kind {}", row.id, row.kind))?;
        let config = Config::of(row, self.keys())?;
        Ok((kind, (kind.connect)(&config, self.outside())))
    }
}

/// A connector, or what is wrong with its settings.
type Made = std::result::Result<Arc<dyn Connector>, Vec<FieldProblem>>;

fn is_not_allowed(one: &FieldProblem) -> bool {
    one.problem == Problem::HostNotAllowed
}

fn unusable(row: &ConnectorRow, problems: &[FieldProblem]) -> anyhow::Error {
    anyhow::anyhow!("connector {} cannot be used as it is set up: {problems:?}", row.id)
}
