// A handler that awaits becomes a task.

#[asyncio::protocol(lines)]
impl Store {
    async fn line_received(&mut self, line: &[u8]) -> asyncio::Result<()> {
        self.database.insert(line).await
    }
}
