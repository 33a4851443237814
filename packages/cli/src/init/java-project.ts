import { readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { matchesOf, sourcesIn, type Findings, type Source, type Surroundings } from "./findings.ts";

export const JAVA_FILES = ["pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];

const URL = /<(?:mirror|repository|pluginRepository)>[^]*?<url>\s*(https?:[^<\s]+)/g;
const GRADLE = /maven\s*(?:\(\s*(?:url\s*=\s*)?|\{[^}]*?url\s*[=(]?\s*(?:uri\s*\()?\s*)["'](https?:[^"']+)["']/g;

/** Maven and Gradle: mirrors and repositories of settings and project; Maven's default is in its own model, which comes with it. */
export function findJava({ directory, home, environment, ask }: Surroundings): Findings {
  const configured = [
    ...sourcesIn(join(home, ".m2/settings.xml"), "~/.m2/settings.xml", URL),
    ...sourcesIn(join(directory, "pom.xml"), "pom.xml", URL),
    ...sourcesIn(join(home, ".gradle/init.gradle"), "~/.gradle/init.gradle", GRADLE),
    ...JAVA_FILES.slice(1).flatMap((name) => sourcesIn(join(directory, name), name, GRADLE)),
    ...sourcesIn(
      join(directory, "gradle/wrapper/gradle-wrapper.properties"),
      "gradle-wrapper.properties",
      /^distributionUrl=(https?\S+)/gm,
    ).map(({ url, from }) => ({ url: url.replaceAll("\\:", ":"), from })),
  ];
  const sources = [...configured, ...mavenDefault(environment, ask)];
  return {
    tool: "maven",
    sources,
    notes: sources.length > 0 ? [] : ["neither Maven nor a repository was found: add the host of yours"],
  };
}

/** The model that every project's model extends is a file in a JAR, which is a ZIP. */
function mavenDefault(environment: Surroundings["environment"], ask: Surroundings["ask"]): readonly Source[] {
  for (const directory of (environment["PATH"] ?? "").split(":").filter((entry) => entry.startsWith("/"))) {
    const libraries = librariesOf(join(directory, "mvn"));
    const jar = libraries?.names.find((name) => /^maven-model-builder.*\.jar$/.test(name));
    if (libraries === undefined || jar === undefined) continue;
    const model = ask("unzip", ["-p", join(libraries.directory, jar), "org/apache/maven/model/pom-4.0.0.xml"]) ?? "";
    return matchesOf(model, URL).map((url) => ({ url, from: "Maven's own model" }));
  }
  return [];
}

function librariesOf(mvn: string): { readonly directory: string; readonly names: readonly string[] } | undefined {
  try {
    const directory = join(dirname(realpathSync(mvn)), "../lib");
    return { directory, names: readdirSync(directory) };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return undefined;
    throw error;
  }
}
