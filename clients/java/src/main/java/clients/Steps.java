package clients;

import java.util.function.Supplier;

/** Records steps of one client. A failed step does not end the others. */
final class Steps {
    static boolean failed;

    private final String client;

    Steps(String client) {
        this.client = client;
    }

    interface Act {
        void run() throws Exception;
    }

    void step(String name, Act act) {
        try {
            act.run();
            System.out.printf("%s\t%s\tok\t%n", client, name);
        } catch (Exception | AssertionError error) {
            failed = true;
            System.out.printf("%s\t%s\tfailed\t%s%n", client, name, error.toString().replaceAll("\\s+", " "));
        }
    }

    static void equal(Object actual, Object expected) {
        if (!expected.equals(actual)) {
            throw new AssertionError("expected " + expected + ", was " + actual);
        }
    }

    static void holds(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError("not so: " + what);
        }
    }

    /** The error of the given kind that the act ends with; that it goes through is itself an error. */
    static <E extends Exception> E refused(Class<E> kind, Supplier<?> act) {
        Object result;
        try {
            result = act.get();
        } catch (RuntimeException error) {
            if (kind.isInstance(error)) {
                return kind.cast(error);
            }
            throw error;
        }
        throw new AssertionError("was not refused: " + result);
    }
}
