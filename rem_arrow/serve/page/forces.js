// Places of nodes by forces: edges pull, nodes push, the middle holds all together. The same graph that grows in the
// same way gets the same places.

const LENGTH = 110;
const PUSH = 5200;
const PULL = 0.06;
const GRAVITY = 0.012;
const FRICTION = 0.82;

/** Place a node beside another one, the n-th of those that come with it. */
export function placeBeside(node, other, n, of) {
  const angle = (2 * Math.PI * n) / Math.max(1, of) + 0.5;
  node.x = other.x + LENGTH * Math.cos(angle);
  node.y = other.y + LENGTH * Math.sin(angle);
  node.dx = 0;
  node.dy = 0;
}

/** Move all nodes one step; return how far the fastest moved. */
export function step(nodes, edges, heat) {
  for (let a = 0; a < nodes.length; a++) {
    for (let b = a + 1; b < nodes.length; b++) push(nodes[a], nodes[b], a - b);
  }
  for (const { from, to } of edges) {
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    const size = Math.hypot(dx, dy) || 1;
    const pull = (PULL * (size - LENGTH)) / size;
    move(from, dx * pull, dy * pull);
    move(to, -dx * pull, -dy * pull);
  }
  let fastest = 0;
  for (const node of nodes) {
    node.dx = (node.dx - GRAVITY * node.x) * FRICTION;
    node.dy = (node.dy - GRAVITY * node.y) * FRICTION;
    if (node.isHeld) continue;
    const speed = Math.hypot(node.dx, node.dy) || 1;
    const size = Math.min(speed, 40) * heat;
    node.x += (node.dx / speed) * size;
    node.y += (node.dy / speed) * size;
    fastest = Math.max(fastest, size);
  }
  return fastest;
}

function push(a, b, tie) {
  let dx = a.x - b.x;
  let dy = a.y - b.y;
  if (dx === 0 && dy === 0) [dx, dy] = [0.1 * tie, 0.1];
  const square = Math.max(60, dx * dx + dy * dy);
  const size = PUSH / (square * Math.sqrt(square));
  move(a, dx * size, dy * size);
  move(b, -dx * size, -dy * size);
}

function move(node, dx, dy) {
  node.dx += dx;
  node.dy += dy;
}
