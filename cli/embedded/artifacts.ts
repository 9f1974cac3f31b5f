/** What the embedded broker is made of: ordinary Maven coordinates, fetched with the user's own `mvn`. */
export const KAFKA_VERSION = '4.3.1';
const REGISTRY_VERSION = '2.6.13.Final';
export const REGISTRY_JAR = `apicurio-registry-app-${REGISTRY_VERSION}-runner.jar`;

/** The same as images, for a machine with Docker and without Java. */
export const KAFKA_IMAGE = `apache/kafka:${KAFKA_VERSION}`;
export const REGISTRY_IMAGE = `apicurio/apicurio-registry-mem:${REGISTRY_VERSION}`;

const dependency = (groupId: string, artifactId: string, version: string): string =>
  `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/**
 * A project whose `process-resources` phase fills `kafka/` and `registry/` under a folder.
 *
 * @param target folder to fill, absolute.
 */
export function renderPom(target: string): string {
  const folder = escapeXml(target);
  const registry = `<artifactItem><groupId>io.apicurio</groupId><artifactId>apicurio-registry-app</artifactId>
            <version>${REGISTRY_VERSION}</version><type>tar.gz</type><classifier>all</classifier>
            <outputDirectory>${folder}/registry</outputDirectory></artifactItem>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>bankchurn</groupId><artifactId>embedded</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
    ${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', '2.25.4')}
  </dependencies>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version>
    <executions>
      <execution><id>kafka</id><phase>process-resources</phase><goals><goal>copy-dependencies</goal></goals>
        <configuration><includeScope>runtime</includeScope><outputDirectory>${folder}/kafka</outputDirectory></configuration></execution>
      <execution><id>registry</id><phase>process-resources</phase><goals><goal>unpack</goal></goals>
        <configuration><artifactItems>${registry}</artifactItems></configuration></execution>
    </executions>
  </plugin></plugins></build>
</project>
`;
}

/** sha256 by path below the folder. */
export type Pins = Readonly<Record<string, string>>;

/** What of a folder is not as pinned, one line each; at most ten. */
export function pinFaults(pins: Pins, found: Pins): string[] {
  const faults: string[] = [];
  for (const [path, sha256] of Object.entries(pins)) {
    if (found[path] === undefined) faults.push(`${path} is missing`);
    else if (found[path] !== sha256) faults.push(`${path} has sha256 ${found[path]}, pinned is ${sha256}`);
  }
  for (const path of Object.keys(found)) if (pins[path] === undefined) faults.push(`${path} is not pinned`);
  return faults.slice(0, 10);
}

/** Major version out of the first line of `java -version`: 17 of `"17.0.15"`, 8 of `"1.8.0_402"`; undefined where there is none. */
export function javaMajor(text: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(text);
  return match === null ? undefined : Number(match[1]);
}
