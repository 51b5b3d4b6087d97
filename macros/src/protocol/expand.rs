//! The code beside an `impl` block of handlers: the trait, each callback calling the user's method with what it asks for.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Generics};

use super::callbacks::{Answer, Argument, Callback, Kind};
use super::framing::Framing;
use super::parse::ImplBlock;
use super::validate::Handler;
use crate::place::{Place, braced};

/// `impl Protocol for X`, or of the kind's own trait.
pub(super) fn protocol(block: &ImplBlock, kind: Kind, framing: Option<&Framing>, handlers: &[Handler]) -> TokenStream {
    let ImplBlock { generics, self_type, .. } = block;
    let conditions = conditions(&block.attributes);
    let ((parameters, ..), clause) = (generics.split_for_impl(), alive(generics));
    let methods = handlers.iter().map(|handler| method(handler, &quote!(), &callback_name(handler.callback)));
    // Forgotten arguments were told already.
    let value = framing.map_or_else(|| quote!(::asyncio::__private::Framing::lines()), Framing::value);
    let framing = (kind.trait_name() == "FramedProtocol")
        .then(|| quote!(fn framing(&self) -> ::asyncio::__private::Framing { #value }));
    let kind = Ident::new(kind.trait_name(), Span::call_site());
    quote! {
        #(#conditions)*
        #[automatically_derived]
        impl #parameters ::asyncio::__private::#kind for #self_type #clause {
            #framing
            #(#methods)*
        }
    }
}

/// Hidden methods, which the `impl Protocol` of the struct finds before its own.
pub(super) fn overrides(block: &ImplBlock, handlers: &[Handler]) -> TokenStream {
    let ImplBlock { generics, self_type, .. } = block;
    let conditions = conditions(&block.attributes);
    let (parameters, ..) = generics.split_for_impl();
    let written = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let Place { first, .. } = Place::over(self_type);
    // Says so when the struct has no `#[asyncio::protocol]` and nothing would call these methods.
    let needs = quote_spanned!(first=> #self_type: ::asyncio::__private::Protocol);
    let methods = handlers
        .iter()
        .map(|handler| method(handler, &quote!(#[doc(hidden)] pub(crate)), &hidden_name(handler.callback)));
    quote! {
        #(#conditions)*
        #[automatically_derived]
        impl #parameters #self_type where #(#written,)* #needs {
            #(#methods)*
        }
    }
}

/// The user's block after the repairs.
pub(super) fn repaired(block: &ImplBlock) -> TokenStream {
    let ImplBlock { attributes, unsafety, impl_token, generics, self_type, braces, entries, .. } = block;
    let clause = &generics.where_clause;
    let body = braced(quote!(#(#entries)*), braces.span());
    quote!(#(#attributes)* #[allow(dead_code)] #unsafety #impl_token #generics #self_type #clause #body)
}

fn method(handler: &Handler, head: &TokenStream, name: &Ident) -> TokenStream {
    if handler.waits {
        return starting(handler, name);
    }
    let Handler { callback, function, arguments, .. } = handler;
    let conditions = conditions(&function.attributes);
    let handler_name = &function.signature.ident;
    let given: Vec<Ident> = arguments.iter().map(|argument| argument_name(*argument)).collect();
    let place = function.output().map_or(Place::at(handler_name.span()), Place::over);
    let answer = place.call(quote!(Self::#handler_name), quote!(self #(, #given)*));
    let value = value_type(callback);
    let call = place.call(quote!(::asyncio::__private::handled::<#value>), answer);
    let signature = signature(callback, name, |argument| arguments.contains(&argument));
    quote! {
        #(#conditions)*
        #head #signature { #call }
    }
}

/// An `async fn` becomes a task. The callback's own method, by which a protocol around this one would call it, fails.
fn starting(handler: &Handler, name: &Ident) -> TokenStream {
    let Handler { callback, function, arguments, .. } = handler;
    let conditions = conditions(&function.attributes);
    let handler_name = &function.signature.ident;
    let (this, path) = (Ident::new("this", Span::mixed_site()), quote!(::asyncio::__private));
    let transport = argument_name(Argument::Transport);
    let (mut copies, mut given) = (TokenStream::new(), Vec::new());
    for argument in arguments {
        let name = argument_name(*argument);
        given.push(match argument {
            Argument::Data | Argument::Line | Argument::Frame => {
                copies.extend(quote!(let #name = #path::std::vec::Vec::from(#name);));
                if handler.owns(*argument) { quote!(#name) } else { quote!(&#name) }
            }
            _ => quote!(#name),
        });
    }
    let place = function.output().map_or(Place::at(handler_name.span()), Place::over);
    let answer = place.call(quote!(Self::#handler_name), quote!(#this #(, #given)*));
    let value = value_type(callback);
    let call = place.call(quote!(#path::handled::<#value>), quote!(#answer.await));
    let call =
        if callback.answer == Answer::Bool { quote!(#call.map(|open| if !open { #transport.close() })) } else { call };
    let method = callback.method();
    let start = format_ident!("start_{method}", span = Span::call_site());
    let others = callback.arguments.iter().filter(|argument| **argument != Argument::Transport).map(|&argument| {
        let (name, argument_type) = (argument_name(argument), argument_type(argument));
        let name = if arguments.contains(&argument) { name } else { format_ident!("_{name}") };
        quote!(#name: #argument_type)
    });
    let alone = signature(callback, name, |_| false);
    let told = callback.name;
    quote! {
        #(#conditions)*
        fn #start(#transport: &#path::Transport #(, #others)*)
            -> #path::core::result::Result<#path::Started, #path::Error>
        {
            #copies
            #path::start(#transport, #told, async move |#this: &mut Self, #transport: &#path::Transport| { #call })
        }
        #(#conditions)*
        #alone { #path::core::result::Result::Err(#path::not_here::<Self>(#told)) }
    }
}

/// `fn NAME(&mut self, …) -> Result<…>` as the trait has it; arguments that are not used have a `_`.
pub(super) fn signature(callback: &Callback, name: &Ident, is_used: impl Fn(Argument) -> bool) -> TokenStream {
    let arguments = callback.arguments.iter().map(|&argument| {
        let name = argument_name(argument);
        let name = if is_used(argument) { name } else { format_ident!("_{name}") };
        let argument_type = argument_type(argument);
        quote!(#name: #argument_type)
    });
    let value = value_type(callback);
    quote! {
        fn #name(&mut self, #(#arguments),*)
            -> ::asyncio::__private::core::result::Result<#value, ::asyncio::__private::Error>
    }
}

/// What the callback answers.
fn value_type(callback: &Callback) -> TokenStream {
    match callback.answer {
        Answer::Nothing => quote!(()),
        Answer::Bool => quote!(bool),
        Answer::Buffer => quote!(&mut [u8]),
    }
}

pub(super) fn argument_name(argument: Argument) -> Ident {
    Ident::new(argument.name(), Span::mixed_site())
}

fn argument_type(argument: Argument) -> TokenStream {
    match argument {
        Argument::Transport => quote!(&::asyncio::__private::Transport),
        Argument::DatagramTransport => quote!(&::asyncio::__private::DatagramTransport),
        Argument::Data | Argument::Line | Argument::Frame => quote!(&[u8]),
        Argument::NBytes => quote!(usize),
        Argument::SizeHint => quote!(::asyncio::__private::core::option::Option<usize>),
        Argument::Addr => quote!(::asyncio::__private::std::net::SocketAddr),
        Argument::Error => quote!(&::asyncio::__private::Error),
        Argument::Exc => quote!(::asyncio::__private::core::option::Option<&::asyncio::__private::Error>),
    }
}

pub(super) fn callback_name(callback: &Callback) -> Ident {
    Ident::new(callback.method(), Span::call_site())
}

pub(super) fn hidden_name(callback: &Callback) -> Ident {
    format_ident!("__asyncio_{}", callback.name, span = Span::call_site())
}

/// The `cfg`s under which the user's item exists, and with it what is made from it.
pub(super) fn conditions(attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect()
}

/// The `where` clause, with the one condition that every protocol has to fulfil: a connection may keep it for ever.
pub(super) fn alive(generics: &Generics) -> TokenStream {
    if generics.params.is_empty() {
        return generics.where_clause.to_token_stream();
    }
    let written = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    quote!(where #(#written,)* Self: 'static)
}
