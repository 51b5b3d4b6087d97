//! Where the blocks of a loop's tasks come from: one free list a size, carved out of large chunks.
//!
//! Starting a task is then a few instructions, and a task has no allocator's header. The price is that the memory of
//! the largest number of tasks that a loop ever had stays with the loop until it goes. Blocks above 1 KiB go to the
//! global allocator.

use std::alloc::{self, Layout};
use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};

const STEP: usize = 8;
const CLASSES: usize = 128;
/// What chunks are aligned to, and so the largest alignment that the classes can serve.
const ALIGN: usize = align_of::<usize>();
const FIRST_CHUNK: usize = 4 * 1024;
const LARGEST_CHUNK: usize = 256 * 1024;

struct Free {
    next: *mut Self,
}

/// The blocks of one loop.
pub(super) struct Pool {
    free: [Cell<*mut Free>; CLASSES],
    /// The rest of the newest chunk.
    bump: Cell<*mut u8>,
    left: Cell<usize>,
    chunks: RefCell<Vec<(NonNull<u8>, Layout)>>,
}

impl Pool {
    pub(super) fn new() -> Self {
        Self {
            free: [const { Cell::new(ptr::null_mut()) }; CLASSES],
            bump: Cell::new(ptr::null_mut()),
            left: Cell::new(0),
            chunks: RefCell::new(Vec::new()),
        }
    }

    /// Room for a value of this layout, to be given back to [`release`](Self::release).
    #[inline]
    pub(super) fn allocate(&self, layout: Layout) -> NonNull<u8> {
        let Some(class) = class_of(layout) else { return global(layout) };
        let Some(head) = NonNull::new(self.free[class].get()) else { return self.carve(class) };
        // SAFETY: what is in a free list was written there by `release`, and is used by nobody.
        self.free[class].set(unsafe { head.as_ref() }.next);
        head.cast()
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// It came from this pool's [`allocate`](Self::allocate) with this layout, and is not used any more.
    #[inline]
    pub(super) unsafe fn release(&self, block: NonNull<u8>, layout: Layout) {
        let Some(class) = class_of(layout) else {
            // SAFETY: the caller's; blocks without a class come from the global allocator.
            return unsafe { alloc::dealloc(block.as_ptr(), layout) };
        };
        let block = block.cast::<Free>();
        // SAFETY: a block of any class has room and alignment for a `Free`, and belongs to the pool again.
        unsafe { block.write(Free { next: self.free[class].get() }) };
        self.free[class].set(block.as_ptr());
    }

    #[cold]
    fn carve(&self, class: usize) -> NonNull<u8> {
        let size = (class + 1) * STEP;
        if self.left.get() < size {
            self.new_chunk();
        }
        let block = self.bump.get();
        // SAFETY: there are at least `size` bytes left in the chunk, looked at above.
        self.bump.set(unsafe { block.add(size) });
        self.left.set(self.left.get() - size);
        NonNull::new(block).expect("a chunk was made above")
    }

    fn new_chunk(&self) {
        let mut chunks = self.chunks.borrow_mut();
        let size = (FIRST_CHUNK << chunks.len().min(16)).min(LARGEST_CHUNK);
        let layout = Layout::from_size_align(size, ALIGN).expect("a small power of two");
        let chunk = global(layout);
        chunks.push((chunk, layout));
        self.bump.set(chunk.as_ptr());
        self.left.set(size);
    }
}

#[inline]
fn class_of(layout: Layout) -> Option<usize> {
    let fits = layout.size() <= CLASSES * STEP && layout.align() <= ALIGN && layout.size() > 0;
    fits.then(|| (layout.size() - 1) / STEP)
}

fn global(layout: Layout) -> NonNull<u8> {
    // SAFETY: a task's block has a header, so its size is not zero; nor is a chunk's.
    let block = unsafe { alloc::alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| alloc::handle_alloc_error(layout))
}

impl Drop for Pool {
    fn drop(&mut self) {
        for (chunk, layout) in self.chunks.get_mut().drain(..) {
            // SAFETY: it came from `global` with this layout. A block in use keeps its loop's part alive, and that
            // owns this pool: so there is none.
            unsafe { alloc::dealloc(chunk.as_ptr(), layout) };
        }
    }
}
