//! Whether the type that a handler writes for an argument is the one it is given, as far as tokens can tell.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

use super::callbacks::Argument;

/// `Vec<u8>`, which an `async fn` may ask for instead of `&[u8]`.
pub(super) fn is_owned(written: &Type, argument: Argument) -> bool {
    let bytes = matches!(argument, Argument::Data | Argument::Line | Argument::Frame);
    let Some(last) = last_segment(bare(written)).filter(|last| bytes && last.ident == "Vec") else { return false };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    matches!(arguments.args.first(), Some(GenericArgument::Type(inside)) if is_named(bare(inside), "u8"))
}

/// `&Transport`, `&[u8]`, `SocketAddr`, `Option<&Error>`, with any path before the names and any lifetime behind the `&`.
pub(super) fn fits(written: &Type, argument: Argument) -> bool {
    match argument {
        Argument::Transport => shared(written).is_some_and(|behind| is_named(behind, "Transport")),
        Argument::DatagramTransport => shared(written).is_some_and(|behind| is_named(behind, "DatagramTransport")),
        Argument::Addr => is_named(bare(written), "SocketAddr"),
        Argument::Error => shared(written).is_some_and(|behind| is_named(behind, "Error")),
        Argument::Data | Argument::Line | Argument::Frame => shared(written).is_some_and(is_bytes),
        Argument::NBytes => is_named(bare(written), "usize"),
        Argument::SizeHint => optional(written).is_some_and(|inside| is_named(bare(inside), "usize")),
        Argument::Exc => optional(written).and_then(shared).is_some_and(|behind| is_named(behind, "Error")),
    }
}

/// What stands behind `&`.
fn shared(written: &Type) -> Option<&Type> {
    match bare(written) {
        Type::Reference(reference) if reference.mutability.is_none() => Some(bare(&reference.elem)),
        _ => None,
    }
}

/// What stands in `Option<…>`.
fn optional(written: &Type) -> Option<&Type> {
    let last = last_segment(bare(written)).filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inside)) if arguments.args.len() == 1 => Some(inside),
        _ => None,
    }
}

fn is_named(written: &Type, name: &str) -> bool {
    last_segment(written).is_some_and(|last| last.ident == name && last.arguments.is_empty())
}

fn is_bytes(written: &Type) -> bool {
    matches!(written, Type::Slice(slice) if is_named(bare(&slice.elem), "u8"))
}

fn last_segment(written: &Type) -> Option<&PathSegment> {
    match written {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// Without parentheses, and without the invisible group that a `macro_rules!` puts around a type.
fn bare(written: &Type) -> &Type {
    match written {
        Type::Paren(inside) => bare(&inside.elem),
        Type::Group(inside) => bare(&inside.elem),
        written => written,
    }
}
