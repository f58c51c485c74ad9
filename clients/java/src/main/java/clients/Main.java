package clients;

import java.io.IOException;

/** HAPI's client, DSTU3 and R4, as an application of the sandbox at PHR_URL. Prints CLIENT, STEP, ok or failed, DETAIL between tabs. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var sandbox = new Sandbox(System.getenv("PHR_URL"));
        R4.walk(sandbox, new Steps("HAPI client 8 r4"));
        Stu3.walk(sandbox, new Steps("HAPI client 8 stu3"));
        System.exit(Steps.failed ? 1 : 0);
    }
}
