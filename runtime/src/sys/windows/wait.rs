//! Waiting for a handle on a thread of the system's: how the end of a child is heard of.

use std::ffi::c_void;
use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEINWAITTHREAD, WT_EXECUTEONLYONCE,
};

use super::RawFd;

type Callback = Box<dyn Fn() + Send + Sync>;

/// A wait that goes on until this is dropped.
pub(super) struct Wait {
    handle: HANDLE,
    /// What is called; freed when nobody can call it any more.
    callback: *mut Callback,
}

impl Wait {
    /// Calls `callback` once, when the handle is signalled. It must stay open as long as this lives.
    pub(super) fn new(handle: RawFd, callback: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let callback: *mut Callback = Box::into_raw(Box::new(Box::new(callback)));
        let (mut wait, flags) = (ptr::null_mut(), WT_EXECUTEINWAITTHREAD | WT_EXECUTEONLYONCE);
        let object = ptr::without_provenance_mut(usize::try_from(handle).expect("a handle is an address"));
        // SAFETY: the handle is open; `callback` lives until the wait was ended, and may be called on any thread.
        let done = unsafe {
            RegisterWaitForSingleObject(&raw mut wait, object, Some(signalled), callback.cast(), INFINITE, flags)
        };
        let this = Self { handle: wait, callback };
        if done == 0 {
            let error = io::Error::last_os_error();
            return Err(error);
        }
        Ok(this)
    }
}

unsafe extern "system" fn signalled(callback: *mut c_void, _timed_out: bool) {
    // SAFETY: it is what was given when the wait began, and is not freed before the wait has ended.
    let callback = unsafe { &*callback.cast::<Callback>() };
    callback();
}

impl Drop for Wait {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: the wait was begun and is ended once, here. The call returns when no callback runs any more.
            unsafe { UnregisterWaitEx(self.handle, INVALID_HANDLE_VALUE) };
        }
        // SAFETY: it was made by `into_raw`, and nobody calls it any more.
        drop(unsafe { Box::from_raw(self.callback) });
    }
}
