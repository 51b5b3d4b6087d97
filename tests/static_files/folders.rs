//! Which files are found, and which are not.

use std::os::unix::fs::symlink;

use crate::folder::{Folder, Found, SMALL};
use crate::request::{Fault, NOT_FOUND};
use crate::site::Site;

/// What is found under each path: its content if it is small, else its length.
async fn found(folder: &Folder, path: &str) -> Result<String, Fault> {
    let found = folder.find(path).await?;
    let Found { content, length, .. } = &*found;
    Ok(content.as_ref().map_or_else(|| length.to_string(), |content| String::from_utf8_lossy(content).into_owned()))
}

#[asyncio::test(timeout = "20s")]
async fn files_are_found_below_the_folder_only() {
    let secret = Site::new(&[("secret.txt", b"secret")]);
    let large = vec![b'x'; SMALL as usize + 1];
    let site = Site::new(&[
        ("index.html", b"the index"),
        ("a b.txt", b"with a space"),
        ("large.bin", &large),
        ("sub/index.html", b"another index"),
        ("sub/file.txt", b"below"),
        ("empty/nothing/here.txt", b"deep"),
    ]);
    symlink(site.path().join("sub/file.txt"), site.path().join("inside.txt")).unwrap();
    symlink(secret.path().join("secret.txt"), site.path().join("outside.txt")).unwrap();
    symlink(secret.path(), site.path().join("outside")).unwrap();
    symlink("nowhere", site.path().join("broken")).unwrap();
    let folder = Folder::new(site.path()).unwrap();
    for (path, content) in [
        ("/", "the index"),
        ("/a%20b.txt", "with a space"),
        ("/%61%20b.txt", "with a space"),
        ("/large.bin", "16385"),
        ("/sub", "another index"),
        ("//sub/./file.txt", "below"),
        ("/inside.txt", "below"),
    ] {
        assert_eq!(found(&folder, path).await.as_deref(), Ok(content), "{path}");
    }
    let out = format!("/../{}/secret.txt", secret.path().file_name().unwrap().to_string_lossy());
    for path in [
        &*out,
        &out.replace("..", "%2e%2E"),
        &out.replace("/..", "/sub/../.."),
        &secret.path().join("secret.txt").to_string_lossy(),
        "/sub/..",
        "/%2e%2e%2fsecret.txt",
        "/outside.txt",
        "/outside/secret.txt",
        "/broken",
        "/missing.txt",
        "/a b.txt/more",
        "/empty",
        "/sub%2ffile.txt",
        "/sub/file.txt%00",
        "/%",
        "/%4",
        "/%+1",
        "/%zz",
        &"/x".repeat(4000),
        &format!("/{}", "x".repeat(300)),
    ] {
        assert_eq!(found(&folder, path).await, Err(NOT_FOUND), "{path}");
    }
}

#[asyncio::test(timeout = "20s")]
async fn what_was_found_is_known_for_a_while_only() {
    let names: Vec<String> = (0..300).map(|number| format!("{number}.txt")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, name.as_bytes())).collect();
    let site = Site::new(&files);
    let folder = Folder::new(site.path()).unwrap();
    assert!(folder.recent("/0.txt").is_none());
    for name in &names {
        folder.find(&format!("/{name}")).await.unwrap();
    }
    let known = names.iter().filter(|name| folder.recent(&format!("/{name}")).is_some()).count();
    assert!((1..=128).contains(&known), "{known} files are open");
    std::thread::sleep(std::time::Duration::from_millis(1001));
    assert!(names.iter().all(|name| folder.recent(&format!("/{name}")).is_none()));
}

#[test]
fn what_is_no_folder_is_refused() {
    let site = Site::new(&[("file", b"")]);
    assert!(Folder::new(site.path().join("file")).unwrap_err().to_string().contains("no folder"));
    Folder::new(site.path().join("missing")).unwrap_err();
}
