use std::time::Duration;
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let runtime = sandcell::Runtime::open(std::env::args().nth(2).unwrap_or("python".into()))?;
    let s = runtime.sandbox().memory_bytes(96<<20).start().await?;
    let code = std::fs::read_to_string(std::env::args().nth(1).unwrap())?;
    for part in code.split("###\n") {
        let r = s.context()?.execute(part.to_owned())?.report().await?;
        print!("{}", String::from_utf8_lossy(&r.stderr)); println!("{:?} {:?}", r.outcome.end.to_string().chars().take(100).collect::<String>(), r.outcome.usage);
        println!("  {:?}", s.residency().await?);
        tokio::time::sleep(Duration::from_millis(100)).await;
        println!("  {:?}", s.residency().await?);
    }
    Ok(())
}
