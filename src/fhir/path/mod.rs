//! FHIRPath: the language of invariants, search parameters and slicing discriminators.
//!
//! ```
//! use kanta_phr_sandbox::fhir::path::{Context, Expression, Node};
//! use kanta_phr_sandbox::json::Document;
//!
//! let document = Document::parse(r#"{"resourceType": "Observation", "valueQuantity": {"value": 72.50, "unit": "kg"}}"#)?;
//! let observation = Node::root(document.root());
//! let expression = Expression::parse("value.exists() and (value as Quantity).unit = 'kg'")?;
//! assert!(expression.holds(&Context::new(observation), observation)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The language is N1 with FHIR's functions. Where HAPI's engine, which the national service runs, differs from the
//! specification, HAPI is followed and the place says so. An expression that cannot be judged is an
//! [`EvaluationError`], never silently true.

mod compare;
mod context;
mod evaluate;
mod functions;
mod item;
mod model;
mod navigate;
pub mod syntax;
#[cfg(test)]
mod tests;
mod types;

pub use context::{Context, EvaluationError, Services};
pub use item::{Collection, Item, Node, Quantity};
pub use model::{Model, Shapes, TYPES_BY_SHAPE};
pub use syntax::{Expression, ParseError, normalised};

impl Expression {
    /// Parses an expression of a definition, and makes sure that it can be evaluated: its functions, variables and regular
    /// expressions are there.
    ///
    /// # Errors
    /// The reason in words.
    pub fn of_definition(text: &str) -> Result<Expression, String> {
        let expression = Expression::parse(text).map_err(|error| error.to_string())?;
        expression.check()?;
        for pattern in expression.patterns() {
            functions::regex(pattern).map_err(|error| error.to_string())?;
        }
        Ok(expression)
    }
}
