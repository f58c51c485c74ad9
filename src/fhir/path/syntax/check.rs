//! What an expression asks for that the evaluator does not have, found before it is ever evaluated.

use super::ast::{Expression, Literal, Part};
use super::function::Function;

/// The variables every evaluation knows, besides `%vs-…`, `%cs-…` and `%ext-…`.
const VARIABLES: [&str; 7] = ["resource", "rootResource", "context", "ucum", "sct", "loinc", "us-zip"];

impl Expression {
    /// The reason why the expression could never be evaluated: a function or a variable that is not there. Definitions with
    /// such an invariant are refused when they are loaded.
    ///
    /// # Errors
    /// That reason, in words.
    pub fn check(&self) -> Result<(), String> {
        for part in &self.parts {
            match part {
                Part::Call { function, .. } if !function.is_supported() => {
                    return Err(format!("the function {}() is not supported", function.name()));
                }
                Part::Variable(name) => {
                    let is_prefixed = ["vs-", "cs-", "ext-"].iter().any(|prefix| name.starts_with(prefix));
                    if !is_prefixed && !VARIABLES.contains(&&**name) {
                        return Err(format!("there is no variable %{name}"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The regular expressions that stand in it as literals.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        let calls = self.parts.iter().filter_map(|part| match part {
            Part::Call {
                function: Function::Matches | Function::MatchesFull | Function::ReplaceMatches,
                arguments,
                ..
            } => arguments.first(),
            _ => None,
        });
        calls.filter_map(|id| match self.part(*id) {
            Some(Part::Literal(Literal::String(pattern))) => Some(&**pattern),
            _ => None,
        })
    }
}

impl Function {
    /// Whether it can be evaluated: those that cannot ask for a profile's elements or for a terminology server.
    pub fn is_supported(self) -> bool {
        !matches!(
            self,
            Function::ElementDefinition
                | Function::Slice
                | Function::CheckModifiers
                | Function::Subsumes
                | Function::SubsumedBy
        )
    }
}
