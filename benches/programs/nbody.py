BODIES = [
    ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 39.47),
    ([4.84, -1.16, -0.10], [0.6, 2.8, -0.02], 0.037),
    ([8.34, 4.12, -0.4], [-1.01, 1.82, 0.008], 0.011),
    ([12.8, -15.1, -0.22], [1.08, 0.86, -0.01], 0.0017),
    ([15.3, -25.9, 0.17], [0.97, 0.59, -0.03], 0.002),
]


def run(steps=50_000, dt=0.01):
    bodies = [(list(place), list(speed), mass) for place, speed, mass in BODIES]
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
    for _ in range(steps):
        for (p1, v1, m1), (p2, v2, m2) in pairs:
            dx = p1[0] - p2[0]
            dy = p1[1] - p2[1]
            dz = p1[2] - p2[2]
            force = dt * (dx * dx + dy * dy + dz * dz) ** -1.5
            pull1 = m1 * force
            pull2 = m2 * force
            v1[0] -= dx * pull2
            v1[1] -= dy * pull2
            v1[2] -= dz * pull2
            v2[0] += dx * pull1
            v2[1] += dy * pull1
            v2[2] += dz * pull1
        for place, (vx, vy, vz), _ in bodies:
            place[0] += dt * vx
            place[1] += dt * vy
            place[2] += dt * vz
