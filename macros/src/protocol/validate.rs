//! The rules for handlers, each with its sentence at the token to change.
//!
//! What is wrong is repaired where the repair is plain (a second argument of the same name goes, a receiver becomes
//! `&mut self`), so that rustc finds nothing more to say about it; a handler that cannot be called is kept and not called.

use quote::{format_ident, quote};
use syn::{FnArg, Ident, Pat, PatType, Receiver, ReceiverKind, ReturnType, Safety, Signature};

use super::callbacks::{self, Answer, Argument, Callback, Kind};
use super::framing::Framing;
use super::parse::{Entry, ImplBlock, Options};
use crate::errors::Errors;
use crate::item::Function;

/// A callback that the user handles.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) callback: &'static Callback,
    /// The user's function.
    pub(super) function: Function,
    /// What it asks for, in order.
    pub(super) arguments: Vec<Argument>,
    /// It is an `async fn`.
    pub(super) waits: bool,
}

impl Handler {
    fn new(callback: &'static Callback, function: Function, arguments: Vec<Argument>) -> Self {
        let waits = function.signature.asyncness.is_some();
        Self { callback, function, arguments, waits }
    }

    /// Whether it wants to have the bytes, and not only see them.
    pub(super) fn owns(&self, argument: Argument) -> bool {
        self.function.signature.inputs.iter().any(|input| match input {
            FnArg::Typed(typed) => super::types::is_owned(&typed.ty, argument),
            FnArg::Receiver(_) => false,
        })
    }
}

/// Checks the block and gives the kind of protocol, and the handlers that can be called.
pub(super) fn validate(block: &mut ImplBlock, options: &Options, errors: &mut Errors) -> (Kind, Vec<Handler>) {
    refuse_trait(block, errors);
    let kind = find_kind(block, options, errors);
    refuse_twice(block, kind, errors);
    let mut handlers = Vec::new();
    for function in functions(block) {
        let name = function.signature.ident.to_string();
        if let Some(callback) = callbacks::find(kind, &name) {
            if let Some(arguments) = check(function, callback, options, errors) {
                handlers.push(Handler::new(callback, function.clone(), arguments));
            }
        } else if callbacks::kind(&name).is_none() && !name.starts_with("__asyncio_") {
            refuse_misspelled(&function.signature.ident, errors);
        }
    }
    (kind, handlers)
}

fn functions(block: &mut ImplBlock) -> impl Iterator<Item = &mut Function> {
    block.entries.iter_mut().filter_map(|entry| match entry {
        Entry::Function(function) => Some(&mut **function),
        Entry::Other(_) => None,
    })
}

/// `impl Protocol for X` is what the attribute writes; anything else is not about protocols.
fn refuse_trait(block: &mut ImplBlock, errors: &mut Errors) {
    let Some((path, for_token)) = &block.of_trait else { return };
    let is_protocol = path.segments.last().is_some_and(|last| last.ident == "Protocol");
    if is_protocol {
        let sentence =
            "`#[asyncio::protocol]` writes the `impl Protocol for …` itself: remove the trait's name and `for`";
        errors.push(quote!(#path #for_token), sentence);
        block.of_trait = None;
    } else {
        let sentence =
            "handlers stand in an `impl` block of the type alone: remove the trait's name and `for`, or the attribute";
        errors.push(quote!(#path #for_token), sentence);
    }
}

/// One type is one kind of protocol, which the callbacks tell; a stream, if none does. One sentence is enough.
fn find_kind(block: &mut ImplBlock, options: &Options, errors: &mut Errors) -> Kind {
    let names: Vec<Ident> = functions(block).map(|function| function.signature.ident.clone()).collect();
    let telling = names.iter().filter_map(|name| Some((name, callbacks::kind(&name.to_string())?)));
    if let Some(framing) = &options.framing {
        check_framed(&names, telling, framing, options, errors);
        return framing.kind;
    }
    let Some((first, kind)) = telling.clone().next() else { return Kind::Stream };
    if let Some(missing) = framing_of(kind) {
        let sentence = format!("`{first}` needs to know how frames are told apart: write {missing}");
        errors.push(first, sentence);
        return kind;
    }
    let another = telling.clone().find(|(_, another)| *another != kind);
    // Streams and buffered protocols share it, so it tells no kind; but it is nobody else's.
    let eof = names.iter().find(|name| *name == "eof_received").filter(|_| kind == Kind::Datagram);
    if let Some((other, another)) = another.or(eof.map(|name| (name, Kind::Stream))) {
        let sentence = format!(
            "`{other}` belongs to {another}, but `{first}` above makes this {kind}: move it to a type of its own, or remove it"
        );
        errors.push(other, sentence);
    } else if let Some(missing) = other_half(kind, &names) {
        let sentence = format!("`{first}` makes this {kind}, which needs another callback too: write `{missing}`");
        errors.push(first, sentence);
    } else if kind.callbacks().is_none() {
        let sentence = format!(
            "`{first}` makes this {kind}, and these come with a later version of asyncio: for now handle `data_received`"
        );
        errors.push(first, sentence);
    } else if kind != Kind::Stream && options.overrides.is_some() {
        let sentence = format!(
            "`{first}` makes this {kind}, and `overrides` goes with stream protocols only: remove `overrides` and call the inner protocol"
        );
        errors.push(first, sentence);
    }
    kind
}

/// The callback without which a buffered protocol is none.
fn other_half(kind: Kind, names: &[Ident]) -> Option<&'static str> {
    let missing = |name| kind == Kind::Buffered && !names.iter().any(|other| other == name);
    if missing("get_buffer") {
        Some("fn get_buffer(&mut self) -> &mut [u8]")
    } else {
        missing("buffer_updated").then_some("fn buffer_updated(&mut self, nbytes: usize)")
    }
}

/// Frames have their own callbacks, and the attribute says which.
fn check_framed<'a>(
    names: &[Ident],
    telling: impl Iterator<Item = (&'a Ident, Kind)>,
    framing: &Framing,
    options: &Options,
    errors: &mut Errors,
) {
    let (word, receiver) = (&framing.word, framing.receiver());
    if let Some(overrides) = &options.overrides {
        let sentence =
            format!("`overrides` goes with stream protocols only, and `{word}` makes this {}: remove it", framing.kind);
        errors.push(overrides, sentence);
    } else if let Some((other, _)) =
        telling.into_iter().find(|(name, kind)| *kind != framing.kind && *name != "frame_too_long")
    {
        let sentence = format!(
            "`{word}` makes this {}: write `{receiver}` instead of `{other}`, or remove `{word}`",
            framing.kind
        );
        errors.push(other, sentence);
    } else if !names.iter().any(|name| name == receiver) {
        let argument = if framing.kind == Kind::Lines { "line" } else { "frame" };
        let sentence =
            format!("nothing receives what `{word}` cuts: write `fn {receiver}(&mut self, {argument}: &[u8])`");
        // A slip of the name is told at the name.
        let slip = names.iter().any(|name| callbacks::meant(&name.to_string()) == Some(receiver));
        if !slip {
            errors.push(word, sentence);
        }
    }
}

/// The arguments of the attribute that a kind needs.
fn framing_of(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Lines => Some("`#[asyncio::protocol(lines)]`"),
        Kind::Frames => {
            Some("`#[asyncio::protocol(delimited = b\"\\0\")]` or `#[asyncio::protocol(length_prefixed = u32)]`")
        }
        _ => None,
    }
}

/// The same callback twice, unless `cfg` chooses between them. The second gets another name, to stay beside the first.
fn refuse_twice(block: &mut ImplBlock, kind: Kind, errors: &mut Errors) {
    let mut seen: Vec<Ident> = Vec::new();
    for function in functions(block) {
        let name = function.signature.ident.clone();
        let chosen = function.attributes.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if chosen || callbacks::find(kind, &name.to_string()).is_none() {
            continue;
        }
        if seen.contains(&name) {
            errors.push(&name, format!("`{name}` stands here twice: merge the two, or remove this one"));
            function.signature.ident = format_ident!("__asyncio_another_{name}");
        }
        seen.push(name);
    }
}

fn refuse_misspelled(name: &Ident, errors: &mut Errors) {
    // Another kind's callback is no slip; that it stands here is told elsewhere.
    if let Some(meant) = callbacks::meant(&name.to_string()).filter(|meant| name != meant) {
        let sentence = format!("no callback is called `{name}`: write `{meant}`, or give a helper a name less like it");
        errors.push(name, sentence);
    }
}

/// Checks one handler; `None` when it cannot be called as it is.
fn check(
    function: &mut Function,
    callback: &'static Callback,
    options: &Options,
    errors: &mut Errors,
) -> Option<Vec<Argument>> {
    let name = callback.name;
    let signature = &mut function.signature;
    let mut callable = true;
    if let Some(word) = signature.asyncness {
        let remedy = "remove `async` and start a task with `asyncio::create_task`";
        if !callback.may_wait {
            errors.push(word, format!("nothing waits for `{name}`, so it cannot wait itself: {remedy}"));
            callable = false;
        } else if options.overrides.is_some() {
            errors.push(word, format!("a handler that overrides one of a field cannot wait: {remedy}"));
            callable = false;
        }
    }
    if let Safety::Unsafe(word) = signature.safety {
        errors.push(word, format!("remove `unsafe`: the event loop calls `{name}`, and cannot keep a promise for you"));
        callable = false;
    }
    if signature.generics.type_params().next().is_some() || signature.generics.const_params().next().is_some() {
        let sentence = format!("`{name}` has no generic parameters: put them on the type, and write `fn {name}`");
        errors.push(&signature.generics, sentence);
        callable = false;
    }
    check_receiver(signature, name, errors);
    if callback.answer != Answer::Nothing && matches!(signature.output, ReturnType::Default) {
        let (says, output) = match (callback.answer, name) {
            (Answer::Buffer, _) => ("where to receive into", "&mut [u8]"),
            (_, "eof_received") => ("whether the transport stays open for writing", "bool"),
            _ => ("whether to skip the frame and go on", "bool"),
        };
        errors.push(&signature.ident, format!("`{name}` says {says}: write `-> {output}` after its arguments"));
        callable = false;
    }
    let arguments = check_arguments(signature, callback, errors);
    arguments.filter(|_| callable)
}

fn check_receiver(signature: &mut Signature, name: &str, errors: &mut Errors) {
    let receiver: Receiver = syn::parse_quote!(&mut self);
    match signature.inputs.first_mut() {
        Some(FnArg::Receiver(Receiver { kind: ReceiverKind::Reference(..), .. })) => {}
        Some(FnArg::Receiver(wrong)) => {
            errors.push(&wrong, "the connection keeps the protocol and lends it to its handlers: write `&mut self`");
            *wrong = receiver;
        }
        _ => {
            errors.push(&signature.ident, format!("a handler is a method: write `fn {name}(&mut self, …)`"));
            signature.inputs.insert(0, FnArg::Receiver(receiver));
        }
    }
}

/// The arguments that the handler asks for; `None` when one of them is wrong.
fn check_arguments(
    signature: &mut Signature,
    callback: &'static Callback,
    errors: &mut Errors,
) -> Option<Vec<Argument>> {
    let waits = signature.asyncness.is_some();
    let mut found: Vec<Argument> = Vec::new();
    let mut callable = true;
    for input in &mut signature.inputs {
        let FnArg::Typed(typed) = input else { continue };
        match check_argument(typed, callback, waits, &found) {
            Ok(argument) => found.push(argument),
            Err(fault) => {
                callable = false;
                fault.report(typed, callback, errors);
                if matches!(fault, Fault::Twice) {
                    // The name once more, and rustc would refuse it too.
                    *typed.pat = syn::parse_quote!(_);
                }
            }
        }
    }
    callable.then_some(found)
}

/// What can be wrong with an argument.
enum Fault {
    /// A pattern, or `_` alone.
    Nameless,
    Unknown(String),
    Twice,
    /// The argument, and the one that should come after it.
    Order(Argument, Argument),
    Type(Argument),
}

fn check_argument(typed: &PatType, callback: &Callback, waits: bool, found: &[Argument]) -> Result<Argument, Fault> {
    let Pat::Ident(pattern) = &*typed.pat else { return Err(Fault::Nameless) };
    let name = pattern.ident.to_string();
    let bare = name.trim_start_matches('_');
    let Some(&argument) = callback.arguments.iter().find(|argument| argument.name() == bare) else {
        return Err(Fault::Unknown(name));
    };
    if found.contains(&argument) {
        return Err(Fault::Twice);
    }
    let place = |wanted| callback.arguments.iter().position(|argument| *argument == wanted);
    if let Some(&later) = found.iter().find(|&&earlier| place(earlier) > place(argument)) {
        return Err(Fault::Order(argument, later));
    }
    let owned = waits && super::types::is_owned(&typed.ty, argument);
    if owned || super::types::fits(&typed.ty, argument) { Ok(argument) } else { Err(Fault::Type(argument)) }
}

impl Fault {
    fn report(&self, typed: &PatType, callback: &Callback, errors: &mut Errors) {
        let name = callback.name;
        let names: Vec<&str> = callback.arguments.iter().map(|argument| argument.name()).collect();
        let list = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match self {
            Self::Nameless => {
                let first = callback.arguments[0];
                let example = format!("`_{}: {}`", first.name(), first.type_name());
                errors.push(&typed.pat, format!("arguments are found by their names: write for example {example}"));
            }
            Self::Unknown(wrong) => {
                let bare = wrong.trim_start_matches('_');
                let meant = crate::suggest::nearest(bare, names.iter().copied());
                let write = match meant {
                    Some(meant) => format!("write `{meant}`"),
                    None => format!("it may ask for {list}, in this order"),
                };
                errors.push(&typed.pat, format!("`{name}` is not given `{wrong}`: {write}"));
            }
            Self::Twice => errors.push(&typed.pat, "this argument stands here twice: remove one"),
            Self::Order(argument, later) => {
                let (argument, later) = (argument.name(), later.name());
                errors.push(&typed.pat, format!("`{argument}` comes first: write it before `{later}`"));
            }
            Self::Type(argument) => {
                let (wrong, right) = (argument.name(), argument.type_name());
                errors.push(&typed.ty, format!("`{wrong}` has another type: write `{right}`"));
            }
        }
    }
}
