//! Compiles definitions: differentials in standard FHIR JSON, and the reduced base of FHIR itself, into snapshot trees.
//!
//! build.rs includes this file too (so it uses nothing of the crate but `super::model`) and embeds what comes out; the same
//! code compiles folders of extra profiles at run time. Whatever it does not understand is an error that names file, element
//! and reason: nothing is skipped.

mod differential;
mod elements;
mod filters;
mod json;
mod slicing;
mod terminology;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;

use serde_json::Value;

pub use terminology::value_set;

use super::model::{CodeList, Element, ExtensionContext, Literal, SearchParameter, Structure, StructureKind, Table};

/// The prefix of the URLs of FHIR's own types.
pub const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// A file of definitions.
pub struct Source {
    /// Its name in messages.
    pub file: String,
    /// What it holds.
    pub text: String,
}

/// The reduced definitions of one FHIR version, `profiles/base/{version}`.
pub struct BaseSources {
    /// `types.json`
    pub types: Source,
    /// `extensions.json`
    pub extensions: Source,
    /// `value-sets.json`
    pub value_sets: Source,
    /// `search-parameters.json`
    pub search_parameters: Source,
}

/// Why a definition cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// The file it stands in.
    pub file: String,
    /// The element's id or path; empty when the file as a whole is meant.
    pub element: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for CompileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.element.as_str() {
            "" => write!(formatter, "{}: {}", self.file, self.reason),
            element => write!(formatter, "{}: {element}: {}", self.file, self.reason),
        }
    }
}

impl std::error::Error for CompileError {}

/// Definitions that are there already, when more are compiled on top of them.
pub trait Library {
    /// How many structures there are; new ones are numbered on from here.
    fn structure_count(&self) -> u32;
    /// The number and the tree of a structure.
    fn structure(&self, url: &str) -> Option<(u32, Structure)>;
    /// How many expressions there are.
    fn expression_count(&self) -> u32;
    /// A code system's concepts.
    fn code_system(&self, url: &str) -> Option<CodeList>;
    /// A value set's codes.
    fn value_set(&self, url: &str) -> Option<CodeList>;
}

/// What was compiled.
#[derive(Default)]
pub struct Compiled {
    /// In the order of their numbers.
    pub structures: Vec<Structure>,
    /// Value sets.
    pub value_sets: Vec<CodeList>,
    /// Code systems.
    pub code_systems: Vec<CodeList>,
    /// Expressions in the order of their numbers.
    pub expressions: Vec<String>,
    /// (other spelling, canonical URL)
    pub aliases: Vec<(String, String)>,
    /// FHIR's search parameters.
    pub search_parameters: Vec<SearchParameter>,
}

impl Compiled {
    /// The code systems that its value sets and code systems speak of; one may come several times.
    pub fn systems(&self) -> impl Iterator<Item = &str> {
        let lists = self.value_sets.iter().chain(&self.code_systems);
        lists.flat_map(|list| list.systems.iter().map(|systems| &*systems.system))
    }
}

/// A check of a FHIRPath expression: the reason it cannot be used.
pub type CheckExpression<'c> = &'c dyn Fn(&str) -> Result<(), String>;

/// A definition before it is resolved against its base.
pub(crate) struct Declared {
    file: String,
    url: String,
    type_name: String,
    kind: StructureKind,
    is_abstract: bool,
    is_constraint: bool,
    base: Option<String>,
    context: Vec<ExtensionContext>,
    context_invariants: Vec<String>,
    elements: Vec<Value>,
}

/// The state of one compilation.
pub(crate) struct Compiler<'c> {
    library: Option<&'c dyn Library>,
    check_expression: CheckExpression<'c>,
    declared: Vec<Declared>,
    numbers: HashMap<String, u32>,
    done: HashMap<String, Rc<Structure>>,
    in_progress: Vec<String>,
    expressions: Vec<String>,
    expression_numbers: HashMap<String, u32>,
}

/// Compiles the base of a FHIR version (when given) and the profiles, value sets, code systems and aliases of `sources`, on
/// top of `library` (when given). `version` is `stu3` or `r4`; aliases of the other one are left out.
///
/// # Errors
/// Everything that was not understood, all of it at once.
pub fn compile(
    version: &str,
    base: Option<&BaseSources>,
    sources: &[Source],
    library: Option<&dyn Library>,
    check_expression: CheckExpression<'_>,
) -> Result<Compiled, Vec<CompileError>> {
    let mut errors = Vec::new();
    let mut declared = Vec::new();
    let mut compiled = Compiled::default();
    let mut terminology = terminology::Terminology::new(library);
    if let Some(base) = base {
        let mut read = || -> Result<(), CompileError> {
            declared.extend(json::base_types(&base.types)?);
            declared.extend(json::base_extensions(&base.extensions)?);
            terminology.add_base(&base.value_sets)?;
            compiled.search_parameters = json::search_parameters(&base.search_parameters)?;
            Ok(())
        };
        if let Err(error) = read() {
            errors.push(error);
        }
    }
    for source in sources {
        let read = json::resources(source).and_then(|resources| {
            for resource in resources {
                if resource.is_array() {
                    compiled.aliases.extend(json::aliases(source, version, &resource)?);
                    continue;
                }
                match resource["resourceType"].as_str() {
                    Some("StructureDefinition") => declared.push(json::structure_definition(&source.file, &resource)?),
                    Some("ValueSet" | "CodeSystem") => terminology.add(&source.file, &resource)?,
                    Some(other) => return Err(json::error(source, "", format!("a {other} is no definition"))),
                    None => return Err(json::error(source, "", "no resourceType")),
                }
            }
            Ok(())
        });
        if let Err(error) = read {
            errors.push(error);
        }
    }
    match terminology.finish() {
        Ok((value_sets, code_systems)) => {
            compiled.value_sets = value_sets;
            compiled.code_systems = code_systems;
        }
        Err(error) => errors.push(error),
    }

    let first = library.map_or(0, Library::structure_count);
    let mut numbers = HashMap::new();
    for (index, structure) in declared.iter().enumerate() {
        if numbers.insert(structure.url.clone(), first + index as u32).is_some() {
            errors.push(CompileError {
                file: structure.file.clone(),
                element: String::new(),
                reason: format!("{} is defined twice", structure.url),
            });
        }
    }
    let mut compiler = Compiler {
        library,
        check_expression,
        declared,
        numbers,
        done: HashMap::new(),
        in_progress: Vec::new(),
        expressions: Vec::new(),
        expression_numbers: HashMap::new(),
    };
    for index in 0..compiler.declared.len() {
        let url = compiler.declared[index].url.clone();
        match compiler.structure(&url) {
            Ok(structure) => compiled.structures.push((*structure).clone()),
            Err(error) => errors.push(error),
        }
    }
    // Errors of a base come again with everything that derives from it.
    let mut seen = Vec::new();
    errors.retain(|error| (!seen.contains(error)).then(|| seen.push(error.clone())).is_some());
    if !errors.is_empty() {
        return Err(errors);
    }
    for structure in &compiled.structures {
        compiler.load_types(&structure.root);
    }
    slicing::resolve(&compiler, &mut compiled.structures)?;
    compiled.expressions = compiler.expressions;
    Ok(compiled)
}

impl Compiler<'_> {
    /// The compiled structure with this URL.
    pub(crate) fn structure(&mut self, url: &str) -> Result<Rc<Structure>, CompileError> {
        if let Some(structure) = self.done.get(url) {
            return Ok(structure.clone());
        }
        let Some(index) = self.declared.iter().position(|declared| declared.url == url) else {
            return match self.library.and_then(|library| library.structure(url)) {
                Some((_, structure)) => {
                    let structure = Rc::new(structure);
                    self.done.insert(url.to_owned(), structure.clone());
                    Ok(structure)
                }
                None => Err(CompileError {
                    file: self.in_progress.last().cloned().unwrap_or_default(),
                    element: String::new(),
                    reason: format!("there is no definition of {url}"),
                }),
            };
        };
        if self.in_progress.iter().any(|running| running == url) {
            return Err(self.error(index, "", format!("{url} derives from itself")));
        }
        self.in_progress.push(url.to_owned());
        let structure = differential::apply(self, index);
        self.in_progress.pop();
        let structure = Rc::new(structure?);
        self.done.insert(url.to_owned(), structure.clone());
        Ok(structure)
    }

    /// Has the types of all elements at hand, for discriminators that lead into them.
    fn load_types(&mut self, element: &Element) {
        for reference in &element.types {
            let urls = reference.profiles.iter().chain(&reference.targets).map(|profile| profile.to_string());
            for url in urls.chain(std::iter::once(format!("{CORE}{}", reference.code))) {
                // A type that is not defined here has been said to be so where that matters.
                let _ = self.number(&url).is_some() && self.structure(&url).is_ok();
            }
        }
        let slices = element.slicing.iter().flat_map(|slicing| slicing.slices.iter().map(|slice| &slice.element));
        for below in element.children.iter().chain(slices) {
            self.load_types(below);
        }
    }

    /// The number of the structure with this URL.
    pub(crate) fn number(&self, url: &str) -> Option<u32> {
        self.numbers.get(url).copied().or_else(|| Some(self.library?.structure(url)?.0))
    }

    /// The number of an expression, after it has been checked.
    pub(crate) fn expression(&mut self, expression: &str) -> Result<u32, String> {
        if let Some(&number) = self.expression_numbers.get(expression) {
            return Ok(number);
        }
        (self.check_expression)(expression)?;
        let first = self.library.map_or(0, Library::expression_count);
        let number = first + self.expressions.len() as u32;
        self.expressions.push(expression.to_owned());
        self.expression_numbers.insert(expression.to_owned(), number);
        Ok(number)
    }

    pub(crate) fn error(&self, index: usize, element: &str, reason: impl Into<String>) -> CompileError {
        CompileError { file: self.declared[index].file.clone(), element: element.to_owned(), reason: reason.into() }
    }
}

/// The bytes that build.rs embeds.
///
/// # Errors
/// When postcard cannot write, which no definition can cause.
pub fn pack(compiled: &Compiled) -> Result<Vec<u8>, postcard::Error> {
    let structures = compiled.structures.iter().map(postcard::to_stdvec).collect::<Result<Vec<_>, _>>()?;
    let lists = |lists: &[CodeList]| lists.iter().map(postcard::to_stdvec).collect::<Result<Vec<_>, _>>();
    let (value_sets, code_systems) = (lists(&compiled.value_sets)?, lists(&compiled.code_systems)?);
    let search_parameters = postcard::to_stdvec(&compiled.search_parameters)?;
    fn named<'t>(urls: impl Iterator<Item = &'t str>, packed: &'t [Vec<u8>]) -> Vec<(&'t str, &'t [u8])> {
        urls.zip(packed).map(|(url, bytes)| (url, bytes.as_slice())).collect()
    }
    let systems: BTreeSet<&str> = compiled.systems().collect();
    postcard::to_stdvec(&Table {
        systems: systems.into_iter().collect(),
        structures: named(compiled.structures.iter().map(|structure| &*structure.url), &structures),
        value_sets: named(compiled.value_sets.iter().map(|list| &*list.url), &value_sets),
        code_systems: named(compiled.code_systems.iter().map(|list| &*list.url), &code_systems),
        expressions: compiled.expressions.iter().map(String::as_str).collect(),
        aliases: compiled.aliases.iter().map(|(alias, url)| (alias.as_str(), url.as_str())).collect(),
        search_parameters: &search_parameters,
    })
}

/// A JSON value of a definition; nulls cannot occur in valid FHIR.
pub(crate) fn literal(value: &Value) -> Option<Literal> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(boolean) => Literal::Boolean(*boolean),
        Value::Number(number) => Literal::Number(number.to_string().into()),
        Value::String(string) => Literal::String(string.as_str().into()),
        Value::Array(items) => Literal::Array(items.iter().map(literal).collect::<Option<_>>()?),
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            Literal::Object(
                sorted
                    .into_iter()
                    .map(|(key, value)| Some((key.as_str().into(), literal(value)?)))
                    .collect::<Option<_>>()?,
            )
        }
    })
}

#[cfg(test)]
mod tests;
