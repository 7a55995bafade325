function run() {
  let rows = Array.from({ length: 3000 }, (_, i) => (
    { id: i, name: 'n' + i, v: [i * 0.5, i, null, true], s: 'x'.repeat(20) }
  ))
  for (let i = 0; i < 3; i++) rows = JSON.parse(JSON.stringify(rows))
  return rows.length
}
