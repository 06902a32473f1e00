// Bundle the map into the one file that the Python package ships, and beside it the licences of what is in it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const FOLDER = "../../trafficdiff/map_component";

const { metafile } = await build({
  entryPoints: ["src/index.js"],
  outfile: `${FOLDER}/road_map.js`,
  bundle: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  loader: { ".css": "text" },
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});

const [output] = Object.values(metafile.outputs).filter((one) => one.entryPoint);
const used = Object.entries(output.inputs).filter(([, part]) => part.bytesInOutput > 0);
const packages = new Set(used.flatMap(([path]) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []));
const texts = [...packages].sort().map((name) => {
  const folder = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = existsSync(folder) && readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licence: ${license}`;
  return `${name} ${version}\n\n${text}\n`;
});
writeFileSync(`${FOLDER}/LICENSES.txt`, `road_map.js holds code of these packages:\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`);
