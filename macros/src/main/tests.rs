//! What `#[asyncio::main]` becomes, and what it says about mistakes.

use quote::quote;

use super::main;
use crate::tests::{assert_contains, sentences};

#[test]
fn the_users_function_stays_whole_inside() {
    let function = quote!(
        async fn main() -> asyncio::Result<()> {
            work().await
        }
    );
    let expansion = main(quote!(), function.clone());
    assert_contains(&expansion, &function);
    assert_contains(&expansion, &quote!(fn main() -> ::asyncio::__private::std::process::ExitCode));
    assert_contains(
        &expansion,
        &quote!(::asyncio::__private::run_main(::asyncio::__private::MainOptions::new(), &"main", main)),
    );
}

#[test]
fn switches_become_options() {
    let expansion = main(
        quote!(debug, strict = cfg!(test)),
        quote!(
            async fn main() {}
        ),
    );
    assert_contains(&expansion, &quote!(MainOptions::new().debug(true).strict(cfg!(test))));
}

#[test]
fn attributes_of_the_language_go_outside_and_macros_inside() {
    let expansion = main(
        quote!(),
        quote! {
            #[instrument] #[allow(unused)] #[asyncio::coroutine] #[cfg(unix)] #[clippy::msrv = "1.85"]
            async fn main() {}
        },
    );
    assert_contains(&expansion, &quote!(#[allow(unused)] #[cfg(unix)] #[clippy::msrv = "1.85"] fn main()));
    assert_contains(&expansion, &quote!(#[instrument] #[asyncio::coroutine] async fn main()));
}

#[test]
fn all_mistakes_are_told_at_once_and_the_body_is_kept() {
    let expansion = main(
        quote!(debgu),
        quote!(
            extern "C" fn main<T>(a: u8)
            where
                T: Copy,
            {
                work().await;
            }
        ),
    );
    let sentences = sentences(&expansion);
    assert_eq!(sentences.len(), 5, "{sentences:#?}");
    assert_contains(
        &expansion,
        &quote!(
            async fn main<T>(a: u8)
            where
                T: Copy,
            {
                work().await;
            }
        ),
    );
}

#[test]
fn a_method_is_left_as_it_is() {
    let method = quote!(
        async fn main(&self) {}
    );
    let expansion = main(quote!(), method.clone());
    assert_contains(&expansion, &method);
    assert_eq!(sentences(&expansion).len(), 1);
}
