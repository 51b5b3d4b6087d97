//! Named pipes of Windows's kind, where there are none.

use asyncio::Error;

struct Nothing;

#[asyncio::protocol]
impl Nothing {}

#[asyncio::test]
async fn named_pipes_are_refused_in_the_name_of_the_system() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let connection = event_loop.create_pipe_connection(|| Nothing, r"\\.\pipe\nobody").await.map(drop);
    let server = event_loop.start_serving_pipe(|| Nothing, r"\\.\pipe\nobody").await.map(drop);
    for (outcome, method) in [(connection, "create_pipe_connection()"), (server, "start_serving_pipe()")] {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::NotImplementedError(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(method) && text.contains(std::env::consts::OS), "{text}");
    }
}
