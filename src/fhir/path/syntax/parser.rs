//! Tokens to parts, by precedence climbing over the grammar of FHIRPath N1.

use super::ast::{Expression, Literal, Operator, Part, PartId, TypeName, TypeOperator};
use super::function::Function;
use super::lexer::{Lexer, Token};
use std::fmt;

/// Longer expressions are refused. The longest in the FHIR definitions has under 4 000 bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// How deep the tree may be; this also bounds how deep evaluation recurses.
const MAX_DEPTH: u16 = 128;

/// Why a text is not an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Byte offset in the expression, from 0.
    pub offset: usize,
}

impl ParseError {
    pub(super) fn new(message: impl Into<String>, offset: usize) -> ParseError {
        ParseError { message: message.into(), offset }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at character {} of the FHIRPath expression", self.message, self.offset + 1)
    }
}

impl std::error::Error for ParseError {}

impl Expression {
    /// Parses a FHIRPath expression.
    ///
    /// Beyond the N1 grammar, strings may stand in double quotes, as one of the published national invariants has it.
    ///
    /// # Errors
    /// When the text breaks the grammar, names a function that does not exist or gives it the wrong number of
    /// arguments, or is longer or nests deeper than any sensible expression.
    pub fn parse(text: &str) -> Result<Expression, ParseError> {
        if text.len() > MAX_LENGTH {
            return Err(ParseError::new("the expression is too long", MAX_LENGTH));
        }
        let mut lexer = Lexer::new(text);
        let (token, offset) = lexer.next()?;
        let mut parser = Parser { lexer, token, offset, parts: Vec::new(), depths: Vec::new(), nesting: 0 };
        let root = parser.expression(IMPLIES)?;
        if parser.token != Token::End {
            return Err(parser.unexpected("the end of the expression"));
        }
        Ok(Expression { parts: parser.parts, root })
    }
}

/// Binding powers: a higher one binds tighter.
const IMPLIES: u8 = 1;
const UNARY: u8 = 11;
const TYPE: u8 = 8;

/// The operator a token stands for between two operands, with its power.
fn operator(token: &Token<'_>) -> Option<(Operator, u8)> {
    let found = match token {
        Token::Name("implies") => (Operator::Implies, IMPLIES),
        Token::Name("or") => (Operator::Or, 2),
        Token::Name("xor") => (Operator::Xor, 2),
        Token::Name("and") => (Operator::And, 3),
        Token::Name("in") => (Operator::In, 4),
        Token::Name("contains") => (Operator::Contains, 4),
        Token::Symbol("=") => (Operator::Equal, 5),
        Token::Symbol("~") => (Operator::Equivalent, 5),
        Token::Symbol("!=") => (Operator::NotEqual, 5),
        Token::Symbol("!~") => (Operator::NotEquivalent, 5),
        Token::Symbol("<") => (Operator::Less, 6),
        Token::Symbol("<=") => (Operator::LessOrEqual, 6),
        Token::Symbol(">") => (Operator::Greater, 6),
        Token::Symbol(">=") => (Operator::GreaterOrEqual, 6),
        Token::Symbol("|") => (Operator::Union, 7),
        Token::Symbol("+") => (Operator::Add, 9),
        Token::Symbol("-") => (Operator::Subtract, 9),
        Token::Symbol("&") => (Operator::Concatenate, 9),
        Token::Symbol("*") => (Operator::Multiply, 10),
        Token::Symbol("/") => (Operator::Divide, 10),
        Token::Name("div") => (Operator::IntegerDivide, 10),
        Token::Name("mod") => (Operator::Modulo, 10),
        _ => return None,
    };
    Some(found)
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The token ahead, and where it starts.
    token: Token<'t>,
    offset: usize,
    parts: Vec<Part>,
    /// The height of the tree below each part.
    depths: Vec<u16>,
    nesting: u16,
}

type Parsed = Result<PartId, ParseError>;

impl<'t> Parser<'t> {
    fn expression(&mut self, least: u8) -> Parsed {
        self.nesting += 1;
        if self.nesting > MAX_DEPTH {
            return Err(ParseError::new("the expression nests too deep", self.offset));
        }
        let mut left = self.unary()?;
        loop {
            if least <= TYPE && matches!(self.token, Token::Name("is" | "as")) {
                let type_operator = if self.token == Token::Name("is") { TypeOperator::Is } else { TypeOperator::As };
                self.advance()?;
                let type_name = self.type_name()?;
                left = self.push(Part::Type { operator: type_operator, operand: Some(left), type_name })?;
                continue;
            }
            let Some((operator, power)) = operator(&self.token).filter(|(_, power)| *power >= least) else {
                break;
            };
            self.advance()?;
            let right = self.expression(power + 1)?;
            left = self.push(Part::Binary { operator, left, right })?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let negative = match self.token {
            Token::Symbol("-") => true,
            Token::Symbol("+") => false,
            _ => return self.invocations(),
        };
        self.advance()?;
        let operand = self.expression(UNARY)?;
        self.push(if negative { Part::Negative(operand) } else { Part::Positive(operand) })
    }

    /// A term with the steps, calls and indexes that follow it.
    fn invocations(&mut self) -> Parsed {
        let mut input = self.term()?;
        loop {
            match self.token {
                Token::Symbol(".") => {
                    self.advance()?;
                    input = self.invocation(Some(input))?;
                }
                Token::Symbol("[") => {
                    self.advance()?;
                    let index = self.expression(IMPLIES)?;
                    self.expect("]")?;
                    input = self.push(Part::Indexer { input, index })?;
                }
                _ => return Ok(input),
            }
        }
    }

    fn term(&mut self) -> Parsed {
        let part = match self.token.clone() {
            Token::Symbol("(") => {
                self.advance()?;
                let inner = self.expression(IMPLIES)?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Symbol("{") => {
                self.advance()?;
                self.expect("}")?;
                return self.push(Part::Empty);
            }
            Token::Number(digits) => {
                self.advance()?;
                let literal = self.number(digits)?;
                return self.push(Part::Literal(literal));
            }
            Token::Name("and" | "or" | "xor" | "implies" | "div" | "mod") => {
                return Err(self.unexpected("an operand"));
            }
            Token::Name("true") => Part::Literal(Literal::Boolean(true)),
            Token::Name("false") => Part::Literal(Literal::Boolean(false)),
            Token::Name(_) | Token::Delimited(_) | Token::Dollar(_) => return self.invocation(None),
            Token::String(text) => Part::Literal(Literal::String(text.into())),
            Token::Moment(moment) => Part::Literal(Literal::Moment(moment)),
            Token::Variable(name) => Part::Variable(name.into()),
            Token::Symbol(_) | Token::End => return Err(self.unexpected("an operand")),
        };
        self.advance()?;
        self.push(part)
    }

    /// A name or a call, after a point or at the start of a term.
    fn invocation(&mut self, input: Option<PartId>) -> Parsed {
        let start = self.offset;
        let name: Box<str> = match self.advance()? {
            Token::Name(name) if self.token == Token::Symbol("(") => return self.call(input, name, start),
            Token::Name(name) => name.into(),
            Token::Delimited(name) => name.into(),
            Token::Dollar(word) => {
                return match (word, input) {
                    // `x.$this` is in the grammar: `$this` whatever stands before it.
                    ("this", _) => self.push(Part::This),
                    ("index", _) => self.push(Part::Index),
                    ("total", _) => self.push(Part::Total),
                    _ => Err(ParseError::new(format!("there is no ${word}"), start)),
                };
            }
            _ => return Err(ParseError::new("an element or a function should stand here", start)),
        };
        self.push(Part::Child { input, name })
    }

    fn call(&mut self, input: Option<PartId>, name: &str, start: usize) -> Parsed {
        self.expect("(")?;
        let type_operator = match name {
            "is" => Some(TypeOperator::Is),
            "as" => Some(TypeOperator::As),
            "ofType" => Some(TypeOperator::OfType),
            _ => None,
        };
        if let Some(operator) = type_operator {
            let type_name = self.type_name()?;
            self.expect(")")?;
            return self.push(Part::Type { operator, operand: input, type_name });
        }
        let (function, arity) =
            Function::find(name).ok_or_else(|| ParseError::new(format!("there is no function {name}()"), start))?;
        let mut arguments = Vec::new();
        while self.token != Token::Symbol(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.expression(IMPLIES)?);
        }
        self.expect(")")?;
        if !arity.contains(&arguments.len()) {
            return Err(ParseError::new(format!("{name}() does not take {} arguments", arguments.len()), start));
        }
        self.push(Part::Call { input, function, arguments })
    }

    /// `name` or `namespace.name`. Some published expressions write the type as a string.
    fn type_name(&mut self) -> Result<TypeName, ParseError> {
        let first = self.type_word()?;
        if self.token != Token::Symbol(".") {
            return Ok(TypeName { namespace: None, name: first });
        }
        // Only a known namespace takes the point: in `(x as Quantity).value` it stands behind the parenthesis, but
        // `x is Quantity.value` would be a mistake that the next token reports.
        if !matches!(&*first, "FHIR" | "System") {
            return Err(self.unexpected("FHIR or System before the point"));
        }
        self.advance()?;
        let name = self.type_word()?;
        Ok(TypeName { namespace: Some(first), name })
    }

    fn type_word(&mut self) -> Result<Box<str>, ParseError> {
        let start = self.offset;
        match self.advance()? {
            Token::Name(name) => Ok(name.into()),
            Token::Delimited(name) | Token::String(name) => Ok(name.into()),
            _ => Err(ParseError::new("the name of a type should stand here", start)),
        }
    }

    /// A number, or a quantity when a unit follows.
    fn number(&mut self, digits: &str) -> Result<Literal, ParseError> {
        let unit: Option<Box<str>> = match &self.token {
            Token::String(unit) => Some(unit.as_ref().into()),
            Token::Name(word) => calendar_unit(word).map(Into::into),
            _ => None,
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mantissa = format!("{whole}{fraction}");
        let too_long = || ParseError::new("a number with more than 28 digits", self.offset);
        let mantissa: i128 =
            mantissa.parse().ok().filter(|_| mantissa.trim_start_matches('0').len() <= 28).ok_or_else(too_long)?;
        let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= 28).ok_or_else(too_long)?;
        if let Some(unit) = unit {
            self.advance()?;
            return Ok(Literal::Quantity { mantissa, scale, unit });
        }
        Ok(match i64::try_from(mantissa) {
            Ok(integer) if !digits.contains('.') => Literal::Integer(integer),
            _ => Literal::Decimal { mantissa, scale },
        })
    }

    fn push(&mut self, part: Part) -> Parsed {
        let below = |id: &PartId| self.depths.get(id.0 as usize).copied().unwrap_or(0);
        let deepest = match &part {
            Part::Child { input: operand, .. } | Part::Type { operand, .. } => operand.as_ref().map_or(0, below),
            Part::Indexer { input, index } => below(input).max(below(index)),
            Part::Call { input, arguments, .. } => input.iter().chain(arguments).map(below).max().unwrap_or(0),
            Part::Negative(operand) | Part::Positive(operand) => below(operand),
            Part::Binary { left, right, .. } => below(left).max(below(right)),
            _ => 0,
        };
        if deepest >= MAX_DEPTH {
            return Err(ParseError::new("the expression nests too deep", self.offset));
        }
        self.depths.push(deepest + 1);
        self.parts.push(part);
        Ok(PartId(self.parts.len() as u32 - 1))
    }

    /// Moves on and returns the token that stood ahead.
    fn advance(&mut self) -> Result<Token<'t>, ParseError> {
        let (token, offset) = self.lexer.next()?;
        self.offset = offset;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), ParseError> {
        if self.token != Token::Symbol(symbol) {
            return Err(self.unexpected(symbol));
        }
        self.advance().map(drop)
    }

    fn unexpected(&self, expected: &str) -> ParseError {
        ParseError::new(format!("{expected} should stand here"), self.offset)
    }
}

/// The calendar unit a word stands for, in the singular.
pub fn calendar_unit(word: &str) -> Option<&'static str> {
    const UNITS: [&str; 8] = ["year", "month", "week", "day", "hour", "minute", "second", "millisecond"];
    UNITS.into_iter().find(|unit| word.strip_prefix(unit).is_some_and(|rest| rest.is_empty() || rest == "s"))
}
