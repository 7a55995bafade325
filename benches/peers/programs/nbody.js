function run(steps = 5000, dt = 0.01) {
  const bodies = [
    [[0, 0, 0], [0, 0, 0], 39.47],
    [[4.84, -1.16, -0.1], [0.6, 2.8, -0.02], 0.037],
    [[8.34, 4.12, -0.4], [-1.01, 1.82, 0.008], 0.011],
    [[12.8, -15.1, -0.22], [1.08, 0.86, -0.01], 0.0017],
    [[15.3, -25.9, 0.17], [0.97, 0.59, -0.03], 0.002],
  ]
  const pairs = []
  for (let i = 0; i < bodies.length; i++) {
    for (let j = i + 1; j < bodies.length; j++) pairs.push([bodies[i], bodies[j]])
  }
  for (let step = 0; step < steps; step++) {
    for (const [[p1, v1, m1], [p2, v2, m2]] of pairs) {
      const dx = p1[0] - p2[0], dy = p1[1] - p2[1], dz = p1[2] - p2[2]
      const force = dt * (dx * dx + dy * dy + dz * dz) ** -1.5
      const pull1 = m1 * force, pull2 = m2 * force
      v1[0] -= dx * pull2
      v1[1] -= dy * pull2
      v1[2] -= dz * pull2
      v2[0] += dx * pull1
      v2[1] += dy * pull1
      v2[2] += dz * pull1
    }
    for (const [place, speed] of bodies) {
      for (let axis = 0; axis < 3; axis++) place[axis] += dt * speed[axis]
    }
  }
  return bodies[0][0][0]
}
