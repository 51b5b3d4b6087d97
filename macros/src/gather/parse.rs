//! The arguments of a `gather!`.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprAssign, ExprLit, Lit, Result, Token};

/// `gather!(a, b, return_exceptions = true)`.
pub(crate) struct Gather {
    pub(crate) children: Vec<Expr>,
    pub(crate) return_exceptions: bool,
}

impl Parse for Gather {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut gather = Self { children: Vec::new(), return_exceptions: false };
        let mut named = false;
        for argument in Punctuated::<Expr, Token![,]>::parse_terminated(input)? {
            match argument {
                Expr::Assign(argument) if named => {
                    return Err(Error::new_spanned(argument.left, "`return_exceptions` stands here twice: delete one"));
                }
                Expr::Assign(argument) => {
                    gather.return_exceptions = return_exceptions(argument)?;
                    named = true;
                }
                child if named => return Err(Error::new_spanned(child, "put this before `return_exceptions`")),
                child => gather.children.push(child),
            }
        }
        Ok(gather)
    }
}

fn return_exceptions(argument: ExprAssign) -> Result<bool> {
    let ExprAssign { left, right, .. } = argument;
    if !matches!(&*left, Expr::Path(path) if path.path.is_ident("return_exceptions")) {
        return Err(Error::new_spanned(left, "unknown argument: the only one with a name is `return_exceptions`"));
    }
    match *right {
        Expr::Lit(ExprLit { lit: Lit::Bool(value), .. }) => Ok(value.value),
        other => Err(Error::new_spanned(other, "write `true` or `false`: the type of the result depends on it")),
    }
}
