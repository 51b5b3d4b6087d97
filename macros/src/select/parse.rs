//! The branches of a `select!` as the user wrote them.

use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Ident, Pat, Result, Token};

/// All of them, at least one.
pub(crate) struct Select {
    pub(crate) branches: Vec<Branch>,
}

/// `keep? pattern = future => arm`.
pub(crate) struct Branch {
    pub(crate) keep: bool,
    pub(crate) pattern: Pat,
    pub(crate) future: Expr,
    pub(crate) arm: Expr,
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut branches: Vec<Branch> = Vec::new();
        while !input.is_empty() {
            branches.push(input.parse()?);
            let block = matches!(branches.last(), Some(Branch { arm: Expr::Block(_), .. }));
            if !input.is_empty() && (!block || input.peek(Token![,])) {
                input
                    .parse::<Token![,]>()
                    .map_err(|error| Error::new(error.span(), "after an arm that is no block comes a `,`"))?;
            }
        }
        if branches.is_empty() {
            return Err(
                input.error("there is nothing to select from: write `pattern = future => what to do,` for each branch")
            );
        }
        Ok(Self { branches })
    }
}

impl Parse for Branch {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        refuse_foreign(input)?;
        let keep = is_keep(input);
        if keep {
            input.parse::<Ident>()?;
        }
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        if !input.peek(Token![=]) || input.peek(Token![=>]) {
            return Err(input.error(
                "after the pattern comes `= future => what to do`; for a value that is not needed write `_ = future`",
            ));
        }
        input.parse::<Token![=]>()?;
        let future = input.parse::<Expr>()?;
        if input.peek(Token![,]) && input.peek2(Token![if]) {
            return Err(Error::new(
                input.span(),
                "a branch has no condition: write the condition into the future, `async { if … { future.await } else { std::future::pending().await } }`",
            ));
        }
        if !input.peek(Token![=>]) {
            return Err(input.error("after the future comes `=> what to do,`"));
        }
        input.parse::<Token![=>]>()?;
        let arm = Expr::parse_with_earlier_boundary_rule(input)?;
        Ok(Self { keep, pattern, future, arm })
    }
}

/// Whether the branch begins with the word, and not with a variable of that name.
fn is_keep(input: ParseStream<'_>) -> bool {
    let begins = input.fork().parse::<Ident>().is_ok_and(|word| word == "keep");
    begins && !input.peek2(Token![=]) && !input.peek2(Token![@]) && !input.peek2(Token![::])
}

/// What other macros of this name have and this one has not.
fn refuse_foreign(input: ParseStream<'_>) -> Result<()> {
    if input.peek(Token![else]) {
        return Err(input.error("there is no `else` branch: every branch is awaited, so one of them will end"));
    }
    if input.fork().parse::<Ident>().is_ok_and(|word| word == "biased") && input.peek2(Token![;]) {
        return Err(input.error("branches are always tried in the order in which they stand: delete `biased;`"));
    }
    Ok(())
}
