#![deny(warnings)]

use std::cell::RefCell;
use std::rc::Rc;

struct Noted(&'static str, Rc<RefCell<Vec<&'static str>>>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

impl Noted {
    #[asyncio::coroutine]
    async fn unused(self, _named: Noted, _: Noted, (_, _pair): (u8, Noted)) {}

    async fn unused_plain(self, _named: Noted, _: Noted, (_, _pair): (u8, Noted)) {}
}

#[asyncio::main]
async fn main() {
    let log = Rc::default();
    let noted = |name| Noted(name, Rc::clone(&log));

    let call = noted("self").unused(noted("named"), noted("nameless"), (1, noted("pair")));
    assert!(log.borrow().is_empty(), "nothing is dropped by the call");
    call.await;
    let order = log.take();

    noted("self").unused_plain(noted("named"), noted("nameless"), (1, noted("pair"))).await;
    assert_eq!(order, log.take());
    assert_eq!(order, ["pair", "nameless", "named", "self"]);
}
