//! What a function needs to be called from another process: it owns its arguments, and its name says all.

use syn::{FnArg, GenericParam, ReturnType, Safety, Type};

use crate::errors::Errors;
use crate::item::{Body, Function};

/// As many as there are forms of `RemoteFunction::on`.
const MOST_ARGUMENTS: usize = 6;

/// Finds all mistakes, and puts right those whose meaning is sure. False: it cannot be expanded.
pub(super) fn validate(function: &mut Function, errors: &mut Errors) -> bool {
    let name = super::NAME;
    if let Some(word) = function.signature.asyncness.take() {
        let sentence = "a worker calls a plain function and has no event loop: remove `async`, and write \
                        `asyncio::run(async { … })` in the body where it awaits";
        errors.push(word, sentence);
    }
    function.refuse_qualifiers(name, errors);
    function.refuse_twice("remote", errors);
    let signature = &mut function.signature;
    signature.constness = None;
    signature.abi = None;
    signature.safety = Safety::Default;
    let mut sound = true;
    if let Some(receiver) = signature.receiver() {
        errors.push(
            receiver,
            "a method cannot be called from another process: write a free function that takes what it needs as arguments",
        );
        sound = false;
    }
    if let Some(parameter) = signature.generics.params.first() {
        let what = match parameter {
            GenericParam::Lifetime(_) => "lifetimes",
            GenericParam::Type(_) | GenericParam::Const(_) => "generic parameters",
        };
        let sentence = format!("a remote function is found by its name, which has no {what}: write it for one type");
        errors.push(&signature.generics, sentence);
        sound = false;
    } else if let Some(clause) = &signature.generics.where_clause {
        errors.push(clause, "a remote function has no generic parameters, so it needs no `where` clause: remove it");
        sound = false;
    }
    if signature.inputs.len() > MOST_ARGUMENTS {
        let sentence = format!("a remote function takes {MOST_ARGUMENTS} arguments at most: put some into a struct");
        errors.push(&signature.inputs, sentence);
        sound = false;
    }
    let types = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(&*argument.ty),
        FnArg::Receiver(_) => None,
    });
    let output = match &signature.output {
        ReturnType::Type(_, output) => Some(&**output),
        ReturnType::Default => None,
    };
    for ty in types.chain(output) {
        if let Some(sentence) = complaint(ty) {
            errors.push(ty, sentence);
            sound = false;
        }
    }
    if let Body::Missing(semicolon) = &function.body {
        errors.push(semicolon, format!("`{name}` stands on a function with a body: write it here"));
        sound = false;
    }
    sound
}

/// What is wrong with a type that can be seen without knowing it.
fn complaint(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Reference(_) => Some(
            "a reference cannot leave its process: write a type that owns what it has, as `String` for `&str` and \
             `Vec<T>` for `&[T]`",
        ),
        Type::Ptr(_) => Some("a pointer means nothing in another process: write a type that owns what it has"),
        Type::ImplTrait(_) => Some("a remote function needs types with names: write the type instead of `impl …`"),
        Type::Paren(inner) => complaint(&inner.elem),
        Type::Group(inner) => complaint(&inner.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(complaint),
        _ => None,
    }
}
