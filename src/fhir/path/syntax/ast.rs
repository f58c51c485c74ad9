//! The tree of an expression, kept flat: parts refer to earlier parts by index.
//!
//! A flat list is small when embedded, is read back without recursion, and is dropped without recursion.

use super::function::Function;
use super::moment::Moment;
use serde::{Deserialize, Serialize};

/// A parsed FHIRPath expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expression {
    /// Every part stands after the parts it refers to.
    pub(super) parts: Vec<Part>,
    pub(super) root: PartId,
}

/// The index of a part within its expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartId(pub(super) u32);

/// One operation of an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Part {
    /// `{}`
    Empty,
    /// `'text'`, `1.5`, `@2020-01`, `4 days`
    Literal(Literal),
    /// `$this`
    This,
    /// `$index`
    Index,
    /// `$total`
    Total,
    /// `%resource`, ``%`vs-name` ``, without the percent sign
    Variable(Box<str>),
    /// `input.name`; without an input the elements of `$this`
    Child {
        /// What the name is looked up in.
        input: Option<PartId>,
        /// The element's name, for choice elements without the type.
        name: Box<str>,
    },
    /// `input[index]`
    Indexer {
        /// The collection.
        input: PartId,
        /// Which item, from 0.
        index: PartId,
    },
    /// `input.function(arguments)`
    Call {
        /// The collection the function works on; `$this` when absent.
        input: Option<PartId>,
        /// The function.
        function: Function,
        /// Its arguments, as many as the function takes.
        arguments: Vec<PartId>,
    },
    /// `-x`
    Negative(PartId),
    /// `+x`
    Positive(PartId),
    /// `left operator right`
    Binary {
        /// The operator.
        operator: Operator,
        /// Its left side.
        left: PartId,
        /// Its right side.
        right: PartId,
    },
    /// `x is Type`, `x.as(Type)`, `x.ofType(Type)`
    Type {
        /// What is done with the type.
        operator: TypeOperator,
        /// The collection; `$this` when absent.
        operand: Option<PartId>,
        /// The type.
        type_name: TypeName,
    },
}

/// A value written in the expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Literal {
    /// `true`, `false`
    Boolean(bool),
    /// `42`
    Integer(i64),
    /// `1.50` is the mantissa 150 and the scale 2; at most 28 digits.
    Decimal {
        /// The digits.
        mantissa: i128,
        /// How many of them stand after the point.
        scale: u32,
    },
    /// `'text'`, without escapes
    String(Box<str>),
    /// `@2020-01-01`, `@2020-01-01T12:00Z`, `@T12:00`
    Moment(Moment),
    /// `4 days`, `5.4 'mg'`
    Quantity {
        /// As for a decimal.
        mantissa: i128,
        /// As for a decimal.
        scale: u32,
        /// A UCUM code or a calendar unit in the singular.
        unit: Box<str>,
    },
}

/// The operators with two operands, by falling precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `div`
    IntegerDivide,
    /// `mod`
    Modulo,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `&`
    Concatenate,
    /// `|`
    Union,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `=`
    Equal,
    /// `~`
    Equivalent,
    /// `!=`
    NotEqual,
    /// `!~`
    NotEquivalent,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `and`
    And,
    /// `or`
    Or,
    /// `xor`
    Xor,
    /// `implies`
    Implies,
}

/// What is done with a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeOperator {
    /// Whether the single item is of the type.
    Is,
    /// The items of the type. (The specification asks for one item; published invariants use `as` on many, as HAPI allows.)
    As,
    /// The items of the type.
    OfType,
}

/// A type as an expression names it: `Patient`, `FHIR.Patient`, `System.String`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeName {
    /// `FHIR` or `System`, when given.
    pub namespace: Option<Box<str>>,
    /// The name itself.
    pub name: Box<str>,
}

impl Expression {
    /// The part that is evaluated first.
    pub fn root(&self) -> PartId {
        self.root
    }

    /// A part; `None` only for an index of another expression.
    pub fn part(&self, id: PartId) -> Option<&Part> {
        self.parts.get(id.0 as usize)
    }

    /// All parts, each after those it refers to.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}
