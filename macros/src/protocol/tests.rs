//! What `#[asyncio::protocol]` becomes, and what it says about mistakes.

use proc_macro2::TokenStream;
use quote::quote;

use super::protocol;
use crate::tests::{assert_contains, sentences, without_errors};

fn expand(item: TokenStream) -> TokenStream {
    let expansion = protocol(quote!(), item);
    assert_eq!(sentences(&expansion), [""; 0]);
    expansion
}

/// The only sentence about a handler that stands alone in its block; the block is still there and parses.
#[track_caller]
fn mistake(handler: TokenStream) -> String {
    let expansion = protocol(quote!(), quote!(impl Echo { #handler }));
    let mut found = sentences(&expansion);
    assert_eq!(found.len(), 1, "{found:#?}");
    let rest = without_errors(expansion);
    assert!(syn::parse2::<syn::File>(rest.clone()).is_ok(), "{rest}");
    assert!(rest.to_string().contains("Protocol for Echo"), "{rest}");
    found.remove(0)
}

#[test]
fn the_block_is_kept_and_the_trait_calls_it() {
    let block = quote! {
        impl<T: 'static> Echo<T> where T: Clone {
            fn data_received(&mut self, data: &[u8]) { self.send(data) }
            fn send(&self, data: &[u8]) {}
        }
    };
    let expansion = expand(block.clone());
    assert_contains(&expansion, &block);
    let head = quote!(impl<T: 'static> ::asyncio::__private::Protocol for Echo<T> where T: Clone, Self: 'static);
    assert_contains(&expansion, &head);
    assert_contains(
        &expansion,
        &quote!(fn data_received(&mut self, _transport: &::asyncio::__private::Transport, data: &[u8])),
    );
    assert_contains(&expansion, &quote!(::asyncio::__private::handled::<()>(Self::data_received(self, data))));
    assert!(!expansion.to_string().contains("Self :: send"));
}

#[test]
fn datagram_callbacks_make_a_datagram_protocol() {
    let expansion = expand(quote!(
        impl Echo {
            fn connection_made(&mut self, transport: &DatagramTransport) {}
            fn datagram_received(&mut self, data: &[u8], addr: std::net::SocketAddr) {}
        }
    ));
    assert_contains(&expansion, &quote!(impl ::asyncio::__private::DatagramProtocol for Echo));
    assert_contains(
        &expansion,
        &quote!(fn connection_made(&mut self, transport: &::asyncio::__private::DatagramTransport)),
    );
    assert_contains(&expansion, &quote!(addr: ::asyncio::__private::std::net::SocketAddr));
    expand(quote!(
        impl Echo {
            fn error_received(&mut self, _transport: &DatagramTransport, exc: &Error) {}
        }
    ));
}

#[test]
fn a_datagram_protocol_has_its_own_mistakes() {
    for (handlers, part) in [
        ("fn error_received(&self) {} fn data_received(&self) {}", "belongs to a stream protocol"),
        ("fn datagram_received(&self) {} fn eof_received(&self) -> bool { true }", "belongs to a stream protocol"),
        ("fn datagram_received(&self) {} fn connection_made(&self, transport: &Transport) {}", "`&DatagramTransport`"),
        ("fn datagram_received(&self, addr: &SocketAddr) {}", "write `std::net::SocketAddr`"),
        ("fn datagram_received(&self, addr: SocketAddr, data: &[u8]) {}", "write it before `addr`"),
        ("fn error_received(&self, exc: Option<&Error>) {}", "write `&asyncio::Error`"),
        ("fn datagram_recieved(&self) {} fn error_received(&self) {}", "write `datagram_received`"),
    ] {
        let handlers: TokenStream = handlers.parse().expect("is made of tokens");
        let found = sentences(&protocol(quote!(), quote!(impl Echo { #handlers })));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].contains(part), "{found:?}");
    }
    let found = sentences(&protocol(quote!(overrides), quote!(impl Echo { fn datagram_received(&self) {} })));
    assert!(found[0].contains("remove `overrides`"), "{found:?}");
}

#[test]
fn handlers_take_any_of_the_arguments() {
    for handler in [
        quote!(
            fn connection_lost(&mut self) {}
        ),
        quote!(
            fn connection_lost(&self, transport: &Transport, exc: Option<&Error>) {}
        ),
        quote!(
            fn connection_lost<'a>(&'a mut self, _transport: &'a ::asyncio::Transport) {}
        ),
        quote!(
            fn connection_lost(&mut self, mut _exc: core::option::Option<&asyncio::Error>) {}
        ),
        quote!(
            fn data_received(&mut self, transport: &(Transport), data: (&[u8])) {}
        ),
    ] {
        expand(quote!(impl Echo { #handler }));
    }
}

#[test]
fn conditions_are_repeated() {
    let expansion = expand(quote! {
        #[cfg(feature = "echo")]
        impl Echo {
            #[cfg(unix)] #[inline] fn eof_received(&self) -> bool { true }
            #[cfg(windows)] fn eof_received(&self) -> bool { false }
        }
    });
    assert_eq!(expansion.to_string().matches("cfg (feature").count(), 2);
    assert_eq!(expansion.to_string().matches("cfg (unix)").count(), 2);
    assert_eq!(expansion.to_string().matches("cfg (windows)").count(), 2);
    assert_eq!(expansion.to_string().matches("inline").count(), 1);
}

#[test]
fn each_mistake_has_one_sentence_that_says_what_to_write() {
    for (handler, part) in [
        ("fn data_recieved(&mut self) {}", "write `data_received`"),
        ("fn on_conection_made(&mut self) {}", "write `connection_made`"),
        ("fn on_disconnect(&mut self) {}", "write `connection_lost`"),
        ("fn data_received(&mut self, dta: &[u8]) {}", "write `data`"),
        ("fn data_received(&mut self, host: &str) {}", "it may ask for `transport`, `data`"),
        ("fn data_received(&mut self, _: &[u8]) {}", "found by their names"),
        ("fn data_received(&mut self, data: &[u8], data: &[u8]) {}", "stands here twice"),
        ("fn data_received(&mut self, data: &[u8], transport: &Transport) {}", "write it before `data`"),
        ("fn data_received(&mut self, data: &[i8]) {}", "write `&[u8]`"),
        ("fn data_received(&mut self, data: &mut [u8]) {}", "write `&[u8]`"),
        ("fn data_received(&mut self, transport: &Rc<Transport>) {}", "write `&Transport`"),
        ("fn connection_lost(&mut self, exc: Option<Error>) {}", "write `Option<&asyncio::Error>`"),
        ("fn data_received(mut self, data: &[u8]) {}", "write `&mut self`"),
        ("fn data_received(self: Box<Self>) {}", "write `&mut self`"),
        ("fn data_received(data: &[u8]) {}", "write `fn data_received(&mut self, …)`"),
        ("async fn connection_lost(&mut self) {}", "`asyncio::create_task`"),
        ("async fn pause_writing(&mut self) {}", "cannot wait itself"),
        ("async fn datagram_received(&mut self) {}", "cannot wait itself"),
        ("fn data_received(&mut self, data: Vec<u8>) {}", "write `&[u8]`"),
        ("async fn data_received(&mut self, data: Vec<i8>) {}", "write `&[u8]`"),
        ("unsafe fn data_received(&mut self) {}", "remove `unsafe`"),
        ("fn data_received<const N: usize>(&mut self) {}", "no generic parameters"),
        ("fn eof_received(&mut self) {}", "write `-> bool`"),
        (
            "fn get_buffer(&mut self) -> &mut [u8] { &mut self.0 }",
            "write `fn buffer_updated(&mut self, nbytes: usize)`",
        ),
        ("fn buffer_updated(&mut self) {}", "write `fn get_buffer(&mut self) -> &mut [u8]`"),
        ("fn get_buffer(&mut self) {} fn buffer_updated(&mut self) {}", "write `-> &mut [u8]`"),
        ("fn get_buffer(&mut self) -> &mut [u8] {} fn buffer_updated(&mut self, nbytes: u32) {}", "write `usize`"),
        ("fn get_buffer(&mut self) -> &mut [u8] {} fn data_received(&mut self) {}", "belongs to a stream protocol"),
        ("fn line_received(&mut self) {}", "write `#[asyncio::protocol(lines)]`"),
        ("fn frame_received(&mut self) {}", "or `#[asyncio::protocol(length_prefixed = u32)]`"),
        ("fn lineReceived(&mut self) {}", "write `line_received`"),
        ("fn pipe_data_received(&mut self) {}", "a subprocess protocol"),
        ("fn data_received(&self) {} fn error_received(&self) {}", "belongs to a datagram protocol"),
        ("fn eof_received(&self) -> bool { true } fn eof_received(&self) -> bool { false }", "stands here twice"),
    ] {
        let sentence = mistake(handler.parse().expect("is made of tokens"));
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn each_mistake_with_frames_has_one_sentence_that_says_what_to_write() {
    for (arguments, handler, part) in [
        ("lines", "", "write `fn line_received(&mut self, line: &[u8])`"),
        ("lines", "fn line_recieved(&mut self) {}", "write `line_received`"),
        ("lines", "fn frame_received(&mut self) {}", "write `line_received` instead of `frame_received`"),
        ("lines", "fn data_received(&mut self) {}", "write `line_received` instead of `data_received`"),
        ("lines", "fn line_received(&mut self, frame: &[u8]) {}", "it may ask for `transport`, `line`"),
        ("lines", "fn line_received(&mut self, line: &str) {}", "write `&[u8]`"),
        ("lines, overrides", "fn line_received(&mut self) {}", "remove it"),
        ("lines, delimited = b\"x\"", "fn line_received(&mut self) {}", "remove `delimited`"),
        ("delimited = b\"\"", "fn frame_received(&mut self) {}", "at least one byte"),
        ("delimited = \"x\"", "fn frame_received(&mut self) {}", "a string of bytes"),
        ("delimited", "fn data_received(&mut self) {}", "write `delimited = b\"\\0\"`"),
        ("delimited = b\"x\"", "fn line_received(&mut self) {}", "write `frame_received` instead"),
        ("length_prefixed = u8", "fn frame_received(&mut self) {}", "write for example `length_prefixed = u32`"),
        ("length_prefixed = u16 ne", "fn frame_received(&mut self) {}", "`length_prefixed = u32 le`"),
        ("max = 5", "fn data_received(&mut self) {}", "write `lines`, `delimited` or `length_prefixed` too"),
        ("lines, max = \"5\"", "fn line_received(&mut self) {}", "write for example `max = 1024`"),
        ("lines", "fn line_received(&self) {} fn frame_too_long(&self) {}", "whether to skip the frame"),
    ] {
        let [arguments, handler]: [TokenStream; 2] = [arguments, handler].map(|code| code.parse().expect("is tokens"));
        let expansion = protocol(arguments.clone(), quote!(impl Echo { #handler }));
        let found = sentences(&expansion);
        assert_eq!(found.len(), 1, "{arguments}: {found:#?}");
        assert!(found[0].contains(part), "{arguments}: {found:?}");
        assert!(syn::parse2::<syn::File>(without_errors(expansion)).is_ok());
    }
    let found = sentences(&protocol(
        quote!(lines),
        quote!(
            struct Echo;
        ),
    ));
    assert!(found[0].contains("move the attribute there"), "{found:?}");
}

#[test]
fn the_argument_says_how_frames_are_told_apart() {
    let expanded = |arguments: TokenStream, block: TokenStream| {
        let expansion = protocol(arguments, block);
        assert_eq!(sentences(&expansion), [""; 0]);
        assert_contains(&expansion, &quote!(impl ::asyncio::__private::FramedProtocol for Echo));
        expansion
    };
    let lines = expanded(quote!(lines, max = LIMIT), quote!(impl Echo { fn line_received(&mut self, line: &[u8]) {} }));
    assert_contains(&lines, &quote!(::asyncio::__private::Framing::lines().max(LIMIT)));
    assert_contains(
        &lines,
        &quote!(fn frame_received(&mut self, _transport: &::asyncio::__private::Transport, line: &[u8])),
    );
    let block = quote!(impl Echo { fn frame_received(&mut self) {} fn frame_too_long(&mut self) -> bool { true } });
    let delimited = expanded(quote!(delimited = b"\0"), block.clone());
    assert_contains(&delimited, &quote!(::asyncio::__private::Framing::delimited(b"\0")));
    for (argument, order) in [(quote!(u64), "Big"), (quote!(u64 be), "Big"), (quote!(u64 le), "Little")] {
        let prefixed = expanded(quote!(length_prefixed = #argument), block.clone()).to_string();
        assert!(prefixed.contains("PrefixWidth :: U64") && prefixed.contains(&format!("ByteOrder :: {order}")));
    }
}

#[test]
fn an_async_handler_is_started_with_bytes_of_its_own() {
    let expansion = expand(quote!(
        impl Echo {
            async fn data_received(&mut self, transport: &Transport, data: Vec<u8>) {}
            async fn eof_received(&mut self) -> bool { true }
        }
    ));
    let text = expansion.to_string();
    assert_contains(
        &expansion,
        &quote!(fn start_data_received(transport: &::asyncio::__private::Transport, data: &[u8])),
    );
    assert_contains(&expansion, &quote!(let data = ::asyncio::__private::std::vec::Vec::from(data);));
    assert_contains(&expansion, &quote!(Self::data_received(this, transport, data).await));
    assert!(text.contains("\"eof_received\" , async move | this : & mut Self"), "{text}");
    assert!(text.contains("transport . close ()"), "the answer is carried out: {text}");
    assert_contains(&expansion, &quote!(::asyncio::__private::not_here::<Self>("data_received")));
    let lent = expand(quote!(impl Echo { async fn data_received(&mut self, data: &[u8]) {} }));
    assert_contains(&lent, &quote!(Self::data_received(this, &data).await));
    let overriding = protocol(quote!(overrides), quote!(impl Echo { async fn data_received(&mut self) {} }));
    assert!(sentences(&overriding)[0].contains("cannot wait"), "{overriding}");
}

#[test]
fn a_wrong_handler_is_kept_but_not_called() {
    let expansion = protocol(quote!(), quote!(impl Echo { fn data_received(&mut self, data: Vec<u8>) { keep(data) } }));
    assert_contains(
        &expansion,
        &quote!(
            fn data_received(&mut self, data: Vec<u8>) {
                keep(data)
            }
        ),
    );
    assert!(!expansion.to_string().contains("handled"));
}

#[test]
fn helpers_with_names_of_their_own_are_nobodys_business() {
    expand(quote! {
        impl Echo {
            const LIMIT: fn() -> usize = || 5;
            fn received(&self) {}
            pub async fn send_data(self: Rc<Self>) {}
            fn data(&self) {}
            fn new() -> Self { Self }
        }
    });
}

#[test]
fn a_struct_forwards_to_its_inner_field() {
    let expansion = expand(quote!(
        pub struct Logged<P>(
            u8,
            #[serde(skip)]
            #[protocol(inner)]
            P,
        );
    ));
    assert_contains(
        &expansion,
        &quote!(
            pub struct Logged<P>(u8, #[serde(skip)] P);
        ),
    );
    assert_contains(&expansion, &quote!(where Self: 'static, P: ::asyncio::__private::Protocol,));
    assert_contains(&expansion, &quote!(::asyncio::__private::Protocol::data_received(&mut self.1, transport, data)));
    assert_contains(&expansion, &quote!(self.__asyncio_data_received(transport, data)));
}

#[test]
fn a_struct_without_inner_field_does_nothing() {
    let expansion = expand(quote!(
        struct Silent;
    ));
    assert_contains(&expansion, &quote!(::asyncio::__private::core::result::Result::Ok(false)));
}

#[test]
fn overrides_are_hidden_methods() {
    let expansion = protocol(
        quote!(overrides),
        quote!(
            impl<P> Logged<P> {
                fn pause_writing(&mut self) {}
            }
        ),
    );
    assert_eq!(sentences(&expansion), [""; 0]);
    assert_contains(&expansion, &quote!(impl<P> Logged<P> where Logged<P>: ::asyncio::__private::Protocol));
    assert_contains(&expansion, &quote!(#[doc(hidden)] pub(crate) fn __asyncio_pause_writing));
    assert!(!expansion.to_string().contains("Protocol for"));
}

#[test]
fn another_item_is_told_where_the_attribute_belongs() {
    for item in [
        quote!(
            enum E {
                A,
            }
        ),
        quote!(
            trait T {}
        ),
        quote!(
            fn f() {}
        ),
        quote!(union U { a: u8 }),
        quote!(
            mod m;
        ),
    ] {
        let expansion = protocol(quote!(), item.clone());
        assert!(sentences(&expansion)[0].contains("stands on an `impl` block or a `struct`"));
        assert_contains(&expansion, &item);
    }
}
