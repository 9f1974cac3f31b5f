ARG BASE
FROM $BASE
USER 1001
WORKDIR /tmp
COPY registry /opt/registry
EXPOSE 8080
CMD ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=/tmp", \
  "-Dquarkus.http.host=0.0.0.0", "-Dquarkus.datasource.jdbc.url=jdbc:h2:mem:registry", "-jar", "/opt/registry/apicurio-registry-app-2.6.13.Final-runner.jar"]
