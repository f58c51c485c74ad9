//! FHIRPath text to a tree, with nothing but the standard library and serde.
//!
//! `build.rs` includes this module too, so that the invariants of the base definitions are parsed when the crate is
//! built and embedded as data; therefore it may name nothing of the crate outside itself.

mod ast;
mod check;
mod function;
mod lexer;
mod moment;
mod normal;
mod parser;

pub use ast::{Expression, Literal, Operator, Part, PartId, TypeName, TypeOperator};
pub use function::Function;
pub use moment::{Kind as MomentKind, Moment, Precision};
pub use normal::normalised;
pub use parser::{ParseError, calendar_unit};
