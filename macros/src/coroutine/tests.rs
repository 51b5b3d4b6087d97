//! What `#[asyncio::coroutine]` becomes, and what it says about mistakes.

use proc_macro2::TokenStream;
use quote::quote;

use super::coroutine;
use crate::tests::{assert_contains, sentences};

fn expand(item: TokenStream) -> TokenStream {
    let expansion = coroutine(quote!(), item);
    assert_eq!(sentences(&expansion), [""; 0]);
    expansion
}

#[test]
fn every_argument_is_moved_in_whether_used_or_not() {
    let expansion = expand(quote!(
        async fn f(mut self, mut a: u8, (b, c): (u8, u8), _: Guard) {}
    ));
    assert_contains(&expansion, &quote!(fn f(mut self, a: u8, __argument2: (u8, u8), __argument3: Guard)));
    assert_contains(&expansion, &quote!(let _ = &self; let mut a = a;));
    assert_contains(&expansion, &quote!(let __argument2 = __argument2; let (b, c) = __argument2;));
    assert_contains(&expansion, &quote!(let __argument3 = __argument3; let _ = __argument3;));
}

#[test]
fn attributes_of_arguments_stand_where_they_matter() {
    let expansion = expand(quote!(
        async fn f(
            #[cfg(unix)]
            #[expect(unused)]
            a: u8,
        ) {
        }
    ));
    assert_contains(&expansion, &quote!((#[cfg(unix)] a: u8)));
    assert_contains(&expansion, &quote!(#[cfg(unix)] #[expect(unused)] let a = a;));
}

#[test]
fn the_result_is_fixed_by_a_return_that_never_runs() {
    let expansion = expand(quote!(
        async fn f<'a>(a: &'a str) -> Result<Box<dyn Display + 'a>, E> {
            g(a)
        }
    ));
    assert_contains(&expansion, &quote!(Future<Output = Result<Box<dyn Display + 'a>, E>>));
    assert_contains(&expansion, &quote!(Option::None::<Result<Box<dyn Display + '_>, E> > { return __result; }));
    let expansion = expand(quote!(
        async fn f() -> for<'a> fn(&'a u8, &'static u8) {
            g
        }
    ));
    assert_contains(&expansion, &quote!(Option::None::<for<'a> fn(&'a u8, &'static u8)>));
    let expansion = expand(quote!(
        async fn f() -> Vec<impl Display> {
            g()
        }
    ));
    assert!(!expansion.to_string().contains("return"));
}

#[test]
fn a_required_method_has_no_body() {
    let expansion = expand(quote!(
        async fn f(&self, a: u8) -> u8;
    ));
    let signature = quote!(
        fn f(&self, a: u8) -> ::asyncio::Coroutine<impl ::asyncio::__private::core::future::Future<Output = u8>>;
    );
    assert_contains(&expansion, &signature);
}

#[test]
fn attributes_at_the_start_of_the_body_go_on_the_function() {
    let expansion = expand(quote!(
        async fn f() {
            #![allow(unused)]
            #![warn(missing_docs)]
            work()
        }
    ));
    assert_contains(&expansion, &quote!(#[allow(unused)] #[warn(missing_docs)] #[track_caller]));
    assert_contains(
        &expansion,
        &quote!(match () {
            () => {
                work()
            }
        }),
    );
}

#[test]
fn track_caller_stands_there_once() {
    let expansion = expand(quote!(
        #[track_caller]
        async fn f() {}
    ));
    assert_eq!(expansion.to_string().matches("track_caller").count(), 1);
}

#[test]
fn what_follows_finally_is_guarded() {
    let expansion = expand(quote!(
        async fn f() -> u8 {
            let a = 1;
            finally! { b().await; }
            c(a)?;
            5
        }
    ));
    let guarded = quote! {
        let a = 1;
        let __outcome = ::asyncio::__private::guarded(
            ::asyncio::__private::core::panic::Location::caller(),
            async {
                if let ::asyncio::__private::core::option::Option::Some(__result)
                    = ::asyncio::__private::core::option::Option::None::<u8>
                { return __result; }
                c(a)?;
                5
            }
        ).await;
        match () { () => { b().await; } }
        __outcome.resume().await
    };
    assert_contains(&expansion, &guarded);
}

#[test]
fn a_refused_finally_leaves_its_block() {
    let expansion = coroutine(
        quote!(),
        quote!(
            async fn f() {
                if x {
                    finally! { clean(); }
                    work()
                }
            }
        ),
    );
    assert_eq!(sentences(&expansion).len(), 1);
    assert_contains(
        &expansion,
        &quote!(if x {
            {
                clean();
            }
            work()
        }),
    );
}

#[test]
fn mistakes_are_repaired_in_the_expansion() {
    let expansion = coroutine(
        quote!(x),
        quote!(
            #[asyncio::coroutine]
            unsafe extern "C" fn f() -> ! {
                work()
            }
        ),
    );
    assert_eq!(sentences(&expansion).len(), 6, "{:#?}", sentences(&expansion));
    assert_contains(&expansion, &quote!(#[track_caller]));
    assert_contains(&expansion, &quote!(fn f() -> ::asyncio::Coroutine));
    assert_contains(&expansion, &quote!(Output = ::asyncio::__private::core::convert::Infallible));
    assert!(!expansion.to_string().contains("unsafe fn"));
}
