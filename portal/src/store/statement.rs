//! Statements that are put together: which conditions they have depends on what is looked for.

use uuid::Uuid;

/// A statement put together, with its values in the order of their numbers.
pub(super) struct Statement {
    pub text: String,
    pub values: Vec<Value>,
}

/// A value of a statement.
pub(super) enum Value {
    Id(Uuid),
    Text(String),
    Number(i64),
}

impl Statement {
    /// An empty one.
    pub fn new() -> Self {
        Self { text: String::new(), values: Vec::new() }
    }

    /// Appends text, in which each `?` stands for the next of these values.
    pub fn push(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        let mut values = values.into_iter();
        for (number, piece) in text.split('?').enumerate() {
            if number > 0 {
                self.values.extend(values.next());
                self.text.push('$');
                self.text += &self.values.len().to_string();
            }
            self.text += piece;
        }
    }
}

pub(super) fn one_of(statement: &mut Statement, values: impl ExactSizeIterator<Item = Value>) {
    statement.push(&vec!["?"; values.len()].join(", "), values);
}

/// Runs a statement that was put together.
macro_rules! run {
    ($tx:expr, $query:ident, $statement:expr, $fetch:ident) => {{
        let $crate::store::statement::Statement { text, values } = $statement;
        $crate::store::on!($tx, c => {
            let mut query = sqlx::$query(sqlx::AssertSqlSafe(text));
            for value in values {
                query = match value {
                    $crate::store::statement::Value::Id(id) => query.bind(id),
                    $crate::store::statement::Value::Text(text) => query.bind(text),
                    $crate::store::statement::Value::Number(number) => query.bind(number),
                };
            }
            query.$fetch(c).await
        })
    }};
}
pub(super) use run;
