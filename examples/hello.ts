// Run it with `sandcell run examples/hello.ts`.
interface Greeting {
  readonly name: string;
  times?: number;
}

enum Tone {
  Friendly = '!',
  Formal = '.',
}

function greet({ name, times = 1 }: Greeting, tone: Tone = Tone.Friendly): string {
  return Array.from({ length: times }, () => `Hello from ${name}${tone}`).join(' ');
}

console.log(greet({ name: 'TypeScript', times: 2 }));
const squares: Map<number, number> = new Map([1, 2, 3].map((n): [number, number] => [n, n * n]));
squares;
