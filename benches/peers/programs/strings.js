function run() {
  const lengths = new Map()
  for (let i = 0; i < 50000; i++) {
    const key = 'key' + (i % 5000)
    lengths.set(key, (lengths.get(key) || 0) + key.length)
  }
  const text = [...lengths.keys()].sort().map(key => key.toUpperCase()).join(',')
  let total = 0
  for (const word of text.split(',')) total += word.length & 7
  const tripled = Array.from({ length: 20000 }, (_, i) => String(i).repeat(3))
  return total + tripled.join('').length
}
