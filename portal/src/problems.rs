//! What is wrong with the fields of a form, all of it at once.

use model::refusal::{FieldProblem, Problem};

/// Collects what is wrong with the fields of a form.
#[derive(Default)]
pub(crate) struct Problems(pub Vec<FieldProblem>);

impl Problems {
    /// The value, or what is wrong with it.
    pub fn check<T>(&mut self, field: &str, value: Result<T, Problem>) -> Option<T> {
        value.map_err(|problem| self.add(field, problem)).ok()
    }

    /// A value that may be left out: nothing for empty text.
    pub fn check_optional<T>(
        &mut self,
        field: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        if text.trim().is_empty() { None } else { self.check(field, parse(text)) }
    }

    /// Something is wrong with a field.
    pub fn add(&mut self, field: &str, problem: Problem) {
        self.0.push(FieldProblem { field: field.into(), problem });
    }
}
